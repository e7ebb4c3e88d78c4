"""Recipes, networks, training, evaluation and prediction; the only package that imports torch.

`recipe/` reads a recipe, `networks/` builds what it names, `input/` brings photos to its size,
`training/` and `optimisation/` fit it, `evaluation/` measures it, `commands/` is the command line.
`predictor.py` runs a model file. It imports datasets and masks, never the store or Label Studio.
"""
