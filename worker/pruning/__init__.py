"""What `hemline prune` removes: what can be made again, and what nobody needs.

`prune.py` asks each kind of thing for its pile (`pile.py`), and none of them removes anything until
it is told to. What the schedule removes by itself is in `worker/tidy.py`.
"""
