"""Readers of garment data sets: one file a source, the same sample from each.

A reader finds photos and masks in a layout, and gives a `Dataset` whose samples load when asked;
its name for the command line is in `hemline/datasets/sources.py`. Masks pass through
`class_masks.py` or `shapes.py` into the classes of `../classes`. No network, no store; whose
garment a photo is says `hemline/garments`.
"""
