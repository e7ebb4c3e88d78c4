"""From enough corrections to a promoted model.

`triggers.py` decides that a run starts, `supervise.py` runs `process.py` as a child, `candidate.py`
trains and `judge_candidate.py` compares and promotes. The network itself is trained in
hemline/segmentation. `pseudo_runs.py` has a champion's own masks of unlabelled photos trained on.
"""
