"""Garment and view of a photo as the project's rule names them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from hemline.garments.address import read_path
from hemline.garments.reading import read_place
from hemline.garments.rule import GarmentRule


def garment_and_view_of_file(file: PurePath | str) -> tuple[str, str]:
    """Garment and view of a photo's file; the file's stem where nothing else names the garment.

    >>> garment_and_view_of_file("coat12_FrontRight.jpg")
    ('coat12', 'FrontRight')
    """
    place = read_path(str(file))
    reading = read_place(place)
    return reading.garment or place.stem, reading.view


def garment_and_view_of_task(data: Mapping[str, Any], address: str) -> tuple[str, str]:
    """Garment and view of a task: the fields `garment` and `view` of its data before its photo's
    address; an empty garment if neither names one.

    >>> garment_and_view_of_task({}, "/data/upload/1/0a1b2c3d-coat12_Front.jpg")
    ('coat12', 'Front')
    >>> garment_and_view_of_task({"view": "hem"}, "s3://bucket/products/sku7/back.jpg")
    ('sku7', 'hem')
    """
    named = GarmentRule().name(data, address)
    return named.garment, named.view
