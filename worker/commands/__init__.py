"""The worker's commands, put together in `main.py`."""
