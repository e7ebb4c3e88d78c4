"""The starter: the model that ships with Hemline, so that the first task is already masked."""

from pathlib import Path

from hemline.segmentation.shipped import ShippedWeights

_STARTER = ShippedWeights("starter", "the starter model")


def starter_digest() -> str:
    """The starter's sha256 in hex, as it was shipped; its file is not read.

    Raises:
        ModelError: the note of it is missing.
    """
    return _STARTER.digest()


def starter_path() -> Path:
    """The starter's model file, its digest checked.

    Raises:
        ModelError: the file is missing or was changed.
    """
    return _STARTER.path()
