"""Candidates in shadow: judged by what people make of photos that the champion pre-filled.

`watch.py` looks each minute for shadows that are over and labels that wait, `compare_labels.py`
predicts the photos of those with the candidate, and `decide.py` promotes or rejects it. What puts a
candidate into shadow is `../training/judge_candidate.py`; rows are in `hemline/store/shadow/`.
"""
