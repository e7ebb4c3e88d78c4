"""Recipes: every key, its bounds, and the sentence for a wrong one. No torch."""
