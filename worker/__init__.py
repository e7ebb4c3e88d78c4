"""The worker: takes corrections in, trains, judges, promotes, and predicts the pool anew."""
