"""A Label Studio project: its label config, its tabs, and how it is connected to Hemline.

`config.py` reads a label config, `connect.py` is `hemline connect`, the others are what it adds:
controls for clicks, review tabs and fields, the version that is shown. Calls go through the
client in `..`; what a project's tasks say is read by `hemline/labelstudio/regions.py`.
"""
