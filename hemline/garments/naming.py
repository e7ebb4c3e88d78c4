"""Garment and view of a photo as the project's rule names them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from hemline.garments.address import read_address, read_path
from hemline.garments.reading import read_place
from hemline.garments.rule import GarmentRule


def garment_and_view(address: str) -> tuple[str, str]:
    """Garment and view of the photo at a task's address; an empty garment if nothing names one.

    >>> garment_and_view("/data/upload/1/0a1b2c3d-coat12_Front.jpg")
    ('coat12', 'Front')
    >>> garment_and_view("s3://bucket/products/sku7/back.jpg")
    ('sku7', 'back')
    """
    reading = read_place(read_address(address))
    return reading.garment, reading.view


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
    address; an empty garment if neither names one."""
    named = GarmentRule().name(data, address)
    return named.garment, named.view
