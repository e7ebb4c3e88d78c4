"""Checks of a mask in its photo: what a shop would refuse it for, by what number, and where.

`mask_checks.py` runs them all and says from which number on each is mentioned; the others are
one kind of check each, on the views that `look.py` makes. Arrays in, numbers and boxes out: the
worker stores them (`worker/review/signals.py`), `hemline/reasons.py` has their words.
Whether a finished picture suits a shop is another question: `hemline/channels`.
"""
