"""Masks as arrays in, arrays out: no I/O, and of Hemline it imports only errors and words.

`codecs/` turns masks into what Label Studio, COCO and the store keep, and back; `files/` knows what
the pixels of a mask file say; `cutouts/` makes edges, soft alpha and layouts; `figures/` measures
masks and sums up the figures. Here are the few operations that all of them share.
"""
