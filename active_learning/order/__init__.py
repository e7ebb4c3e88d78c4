"""Which unlabelled photo would teach most: predicted Dice, clusters, coverage, batches, triage.

`usefulness.py` predicts the Dice of a pre-fill and weighs it with what is new in a photo,
`batches.py` chooses the next photos to label, `triage.py` those that may be accepted unseen.
Works on the features and embeddings of `active_learning`; no I/O. How likely a label that is
there is wrong is in `risk/`. `worker/review` calls both and stores the order.
"""
