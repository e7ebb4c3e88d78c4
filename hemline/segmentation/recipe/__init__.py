"""Recipes: every key, its bounds, and the sentence for a wrong one. No torch.

`recipe.py` reads a file of recipes/ or one of the user's own, `parts.py` says what each key may
be and does. Everything else in `hemline/segmentation` takes its options from here; a model file
carries its recipe with it (`../model_card.py`).
"""
