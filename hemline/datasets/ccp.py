"""Clothing Co-Parsing: photos/NNNN.jpg with annotations/pixel-level/NNNN.mat, 59 tags."""

from functools import partial
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from hemline.datasets.photo_file import read_image
from hemline.datasets.sample import Dataset, Pixels, Sample
from hemline.errors import DatasetError

# Tags that are no clothing: the body, and what is carried, worn as jewellery or before the eyes.
NOT_CLOTHING = frozenset(
    {
        *("null", "skin", "hair"),
        *("accessories", "bag", "bracelet", "earrings", "glasses", "necklace", "purse", "ring"),
        *("sunglasses", "wallet", "watch"),
    }
)


def read_ccp(folder: Path) -> Dataset:
    """Photos with a binary garment mask: 45 of the 59 tags are clothing.

    Raises:
        DatasetError: the folder is not CCP's layout.
    """
    clothing = np.array([tag not in NOT_CLOTHING for tag in read_tags(folder)], dtype=np.uint8)
    annotations = sorted((folder / "annotations" / "pixel-level").glob("*.mat"))
    samples = tuple(
        Sample(
            id=path.stem,
            garment=path.stem,
            view="",
            source="ccp",
            load=partial(_load, folder / "photos" / f"{path.stem}.jpg", path, clothing),
        )
        for path in annotations
        if (folder / "photos" / f"{path.stem}.jpg").exists()
    )
    if not samples:
        raise DatasetError(
            f"'{folder}' has no photos/NNNN.jpg with annotations/pixel-level/NNNN.mat; "
            "give the folder that holds photos/ and annotations/"
        )
    return Dataset(samples, ("garment",))


def read_tags(folder: Path) -> list[str]:
    """The 59 tag names, index = id in the masks."""
    path = folder / "label_list.mat"
    if not path.exists():
        raise DatasetError(f"'{path}' is missing; give the root folder of Clothing Co-Parsing")
    return [str(cell[0]) for cell in loadmat(str(path))["label_list"][0]]


def _load(photo: Path, annotation: Path, clothing: Pixels) -> tuple[Pixels, Pixels]:
    tags = loadmat(str(annotation))["groundtruth"]
    image = read_image(photo)
    if image.shape[:2] != tags.shape:
        raise DatasetError(
            f"'{annotation}' is {tags.shape[1]} x {tags.shape[0]} px but its photo "
            f"{image.shape[1]} x {image.shape[0]} px; remove or repair the pair"
        )
    return image, clothing[tags]
