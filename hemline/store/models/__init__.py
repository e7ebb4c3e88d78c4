"""Models and where they come from: snapshots, training runs, versions, evaluations, the champion.

Each file is one table's rows and the rules they follow; `loop/` has what they are made from.
"""
