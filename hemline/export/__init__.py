"""Masks out: a project's corrections and predictions as files that other tools read.

`run.py` goes through the masks that `hemline/store/reports/export_masks.py` lists, `reader.py`
reads each with its photo, `formats/` writes it, and `manifest.py` is the journal to go on from.
`channel_check.py` checks cut-outs for shops instead of writing them. The worker runs what the
dashboard orders (`order.py`). The way in is `hemline/importing`.
"""
