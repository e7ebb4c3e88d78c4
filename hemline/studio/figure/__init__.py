"""Who wears a garment: bodies, hair, and how clothes are laid over them.

`figure.py` lays body and clothes onto the canvas from the back to the front, `geometry.py` is the
camera. Draws from a seed and knows nothing of scenes around it (`../scene.py`) or of what is worn
(`../wardrobe`).
"""
