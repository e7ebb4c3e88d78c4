"""A training in several processes, started by torchrun: the first leads and the others follow.

`launch.py` starts them, `place.py` says which one this is, `joining.py` brings it to the others.
`team.py` is what they share: batches, gradients, statistics (`batch_norm.py`), decisions, photos.
The loop is `../training/trainer.py`; `follow.py` runs it in the others, by a `job.py`.
"""
