"""Garments: what they are like, their pieces, fabric, prints and trims."""
