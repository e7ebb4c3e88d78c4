"""Masks in: masks that a studio already has, as annotations or predictions in Label Studio.

`offered.py` reads what a folder or a COCO file offers, `run.py` matches it with the tasks of a
project and sends each mask once, `commands.py` is `hemline import`. It may use every other room
but the demo; the way out is `hemline/export`.
"""
