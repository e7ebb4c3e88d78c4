"""What one label or prediction says of itself beside its photo: numbers, each with a direction.

`label_signals.py` and `prediction_signals.py` compute everything for one mask, from the other
files here, one aspect each. Arrays in, numbers and regions out; imports `hemline/masks` and
nothing above it. What the numbers mean together is learnt in `risk/` and put into words in
`active_learning/reasons.py`.
"""
