"""What a model is worth: figures of photos at their own size, and a paired test of two models.

`evaluate.py` measures a predictor on samples, `paired_test.py` decides between candidate and
champion, `summary.py` and `files.py` write results for people. The measures themselves are in
`hemline/masks/figures`; what is stored of an evaluation is in `hemline/store/models`.
"""
