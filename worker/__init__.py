"""The worker: takes corrections in, trains, judges, promotes, predicts the pool and ranks it.

`tasks.py` names every Celery task and the one function it calls. `ingest/` brings Label Studio's
changes in, `training/` makes the next model, `pool/` predicts what is open, `review/` ranks,
`host/` keeps the processes of one machine, `commands/` is the command line. It stands on
active_learning and hemline, and never imports the backend.
"""
