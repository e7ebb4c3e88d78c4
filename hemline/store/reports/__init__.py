"""What people are shown: statistics of pre-fills, labels, versions and exports. Reads only.

The dashboard, the commands and the exports ask here.
"""
