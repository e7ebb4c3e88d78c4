"""What a mask becomes in a file: a writer for each format; `registry.py` knows them by name.

A format gets a mask, its photo and its name (`format.py`) and gives files as bytes; the caller
puts them on disk. `published.py` lays a cut-out out for a channel, by the packs of
`hemline/channels`. Codecs of single masks are in `hemline/masks/codecs`.
"""
