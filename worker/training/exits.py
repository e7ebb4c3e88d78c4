"""Exit statuses of a training process, for the worker that waits for it."""

EXIT_DONE = 0  # trained and judged, or failed with a reason that is stored
EXIT_CRASHED = 1  # the next attempt goes on from the checkpoint
EXIT_NOT_NOW = 75  # somebody else has the run, or it was put off
EXIT_LEASE_LOST = 76  # it was silent for too long, another process has the run
