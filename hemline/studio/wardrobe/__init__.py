"""Garments: what they are like, their pieces, fabric, prints and trims.

`wardrobe.py` says from a seed what a garment is like, `tailor.py` makes its pieces to the measure
of a body (`../figure/body.py`), the others say how a surface looks. Faults of photos and masks are
planted later, in `..`.
"""
