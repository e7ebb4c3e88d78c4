"""What a model is worth: figures of photos at their own size, and a paired test of two models."""
