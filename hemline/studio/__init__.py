"""Garment photos drawn by program, with exact truth and, where asked for, known faults.

`scene.py` is the way in; `wardrobe/` makes garments, `figure/` wears them, the rest is the
photographer's room. It imports nothing else of Hemline but errors and masks.
"""
