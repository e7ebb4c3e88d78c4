"""Which unlabelled photo would teach most: predicted Dice, clusters, coverage, batches, triage."""
