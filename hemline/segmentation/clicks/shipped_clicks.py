"""The click network that ships with Hemline. One for all projects: what it knows of a project's own
garments it has from the probabilities of the project's champion."""

from pathlib import Path

from hemline.segmentation.shipped import ShippedWeights

_CLICKS = ShippedWeights("clicks", "the click network")


def clicks_digest() -> str:
    """Its file's sha256 in hex, as it was shipped; the file is not read.

    Raises:
        ModelError: the note of it is missing.
    """
    return _CLICKS.digest()


def clicks_path() -> Path:
    """Its file, the digest checked.

    Raises:
        ModelError: the file is missing or was changed.
    """
    return _CLICKS.path()
