"""Checks of a mask in its photo: what a shop would refuse it for, by what number, and where."""
