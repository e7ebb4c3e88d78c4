"""Whose garment a photo shows: read from where the photo lies, by one rule for every source.

`rule.py` is a project's rule, `reading.py` reads one photo by it, `layout.py` finds out what a
project's addresses have in common. Texts in, names out: no store and no network. Splits that keep
a garment's views together are in `hemline/datasets/splits.py` and `hemline/store/loop/splits.py`.
"""
