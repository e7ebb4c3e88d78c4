"""From enough corrections to a promoted model.

`triggers.py` decides that a run starts, `supervise.py` runs `process.py` as a child, `candidate.py`
trains and `judge_candidate.py` compares and promotes. The network itself is trained in
hemline/segmentation. `follow_ups.py` has other things tried after a promotion, `pseudo_runs.py` the
champion's own masks of unlabelled photos; `run_recipe.py` says what each run is trained with.
"""
