"""Masks as arrays: codecs, cleaning and figures. Arrays in, arrays out, no I/O."""
