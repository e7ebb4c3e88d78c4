"""Which photo needs a person next, and why. Arrays in, scores and reasons out; no I/O of its own.

`signals/` measures one label or prediction, `checks/` what a shop would refuse it for, `risk/` says
how likely a label is wrong, `order/` what a label would teach. `label_features.py` is what is kept
of a label (`feature_codec.py` as JSON), `ranking.py` what is learnt of a project, `score_items.py`
scores by both, and `reasons.py` says why. It imports masks, studio and the words of
`hemline/reasons.py`; the worker reads and stores.
"""
