"""From a photo of any size to a batch for the network: framing, preprocessing, changes, cache.

`framing.py` and `geometry.py` are shared by training and prediction, so that both see the same;
`transforms.py`, `batches.py` and `pixel_cache.py` are for training. What is configurable is in
`../recipe`.
"""
