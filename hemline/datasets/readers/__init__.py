"""Readers of garment data sets: one file a source, the same sample from each."""
