"""Second looks at labels: those sent back to their annotators, and photos that are drawn twice.

`show_returns.py` keeps the tabs of labels that wait for somebody, `blind_twins.py` has photos drawn
again and compares the masks. What is stored of both is in `hemline/store/review/`; the commands are
in `worker/commands/second_looks.py`.
"""
