"""Clicks and boxes on open tasks: the mask that is there follows them.

`refine.py` answers one; `memory.py` knows what was answered before, which the page has not saved
yet; `open_tasks.py` holds photos of open tasks; `refiner.py` holds the network.
"""
