"""The tasks that are open: predicted with the champion, and sent to Label Studio in bulk.

`predict_pool.py` is the job, through the same `hemline/prefill` as a request of somebody who
waits (`backend/serving`); `import_predictions.py` puts new predictions in the place of old ones.
What follows from a prediction, signals and order, is in `../review`.
"""
