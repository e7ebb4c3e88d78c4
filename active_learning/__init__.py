"""Which photo needs a person next, and why. Arrays in, scores and reasons out; no I/O of its own.

`signals/` looks at one label or prediction, `risk/` says how likely a label is wrong, `order/`
what a label would teach; `reasons.py` puts it into words. It imports masks and studio; the worker
reads, calls and stores.
"""
