"""`hemline train`, `evaluate` and `predict`: models on folders of photos, without Label Studio.

`main.py` puts the commands together from a file each; none imports torch before it runs. They
read data through `hemline/datasets` and use the rest of `hemline/segmentation`. The worker's
trainings go the same way from `worker/training`.
"""
