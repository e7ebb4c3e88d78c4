"""Garment data sets: one sample type, splits by garment, and a reader for each source.

`readers/` holds a file a source, `classes/` what a source's classes become. `sources.py` names them
on the command line. It imports masks, images and files.
"""
