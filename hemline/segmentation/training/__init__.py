"""Training: from samples to a model file, resumed after a crash; also double, bagged, specialised.

Start reading at `train_model.py`. The command line is in `commands/`, the worker's process in
`worker/training/`.
"""
