"""`hemline train`, `evaluate` and `predict`."""
