"""Losses, optimisers, learning rates and averaged weights, by the names that recipes give them."""
