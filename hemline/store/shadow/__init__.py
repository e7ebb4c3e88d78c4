"""Candidates in shadow, which people's corrections decide on.

`shadows.py` begins, watches and ends them; `shadow_labels.py` tells which labels count in one, and
keeps what both models drew there. `hemline/store/models` has the versions and what gold said of
them; `worker/shadow` predicts and decides.
"""
