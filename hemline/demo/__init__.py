"""The whole loop on one machine: Label Studio, backend and worker in one folder.

`demo.py` is `make demo`, `simulate.py` is `hemline simulate`, and both start the programs of
`stack.py` as children. Nothing else in Hemline imports this room; it may import all of `hemline`,
but starts backend and worker by their commands.
"""
