"""Label risk: how likely a label is wrong, learnt from faults planted on purpose.

`planted.py` makes the examples, `learn.py` learns from them, `label_risk.py` applies what was
learnt, and `risk_file.py` is the form in which it is stored and ships. Stands on `signals/`;
scikit-learn is imported here alone. The faults themselves are drawn by `hemline/studio/faults.py`.
"""
