"""What the pixels of a mask file say: grey levels, colours, palettes, or the alpha of a cut-out.

It gets arrays that `hemline.images` has decoded, and asks where a file can be read two ways.
"""
