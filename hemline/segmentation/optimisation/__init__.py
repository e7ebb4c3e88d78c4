"""Losses, optimisers, learning rates and averaged weights, by the names that recipes give them.

One file each, no knowledge of data or of the loop that uses them: `../training/trainer.py`. Only
`new_channels.py`, which fits the channels of new labels before a training, reads photos.
Their keys and bounds are in `../recipe/parts.py`.
"""
