"""Whose garment a photo shows: read from where the photo lies, by one rule for every source."""
