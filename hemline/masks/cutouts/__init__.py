"""Cut-outs from a photo and its mask: edges, soft alpha, colours without backdrop, the frame.

`hemline.export` writes them to files, and `hemline.channels` checks them against what shops accept.
"""
