"""What of a mask file's pixels is garment: a person's word, where the file can be read two ways."""

from enum import StrEnum


class GarmentIs(StrEnum):
    """The part of a mask file that is garment."""

    LIGHT = "light"  # lighter than half way between the darkest and the lightest area
    DARK = "dark"
    COLOUR = "colour"  # not black, white or grey
    NONZERO = "nonzero"  # all but black, or all but the first entry of a palette
    ALPHA = "alpha"  # what is opaque
