"""From a photo of any size to a batch for the network: framing, preprocessing, changes, cache."""
