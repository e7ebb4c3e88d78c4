"""Which photo should a person look at next, and why. Arrays in, scores and reasons out."""
