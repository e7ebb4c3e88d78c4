"""Recipes, networks, training, evaluation and prediction. The only package that imports torch."""
