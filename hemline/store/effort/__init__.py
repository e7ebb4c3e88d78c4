"""What work costs people with a pre-fill and without: tasks that were left blank, and the rest.

`drawn.py` reads the masks that were drawn from nothing, `left_blank.py` counts the tasks that open
so and why, `anchoring.py` tells whether final masks keep the faults of pre-fills, and `in_words.py`
says it all to people. What pre-fills save is in `hemline/store/reports/edit_effort.py`; which tasks
are left blank is decided in `hemline/prefill/left_blank.py`.
"""
