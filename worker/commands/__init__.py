"""The worker's commands, a file for each group, put together in `main.py`.

They read and change the store, and hand long work to the queues; what they do is in the rooms
beside (`training/`, `pool/`, `review/`, `doctor/`). Commands on folders, models, exports and
people are with what they are about; `hemline/cli.py` joins them all.
"""
