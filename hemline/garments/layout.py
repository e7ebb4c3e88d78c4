"""What a project's addresses have in common: whether files that name no view are views of a folder.

`<garment>_<view>` is read alike in every layout, so that photos that their names part stay apart
whatever others come. A layout groups the rest: `7/a.jpg` and `7/b.jpg`, or `7_1.jpg` and `7_2.jpg`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from hemline.garments.address import PhotoPlace
from hemline.garments.reading import Reading, ReadingKind, read_place
from hemline.garments.words import is_dateless_number

_FEWEST = 3  # folders, or names before a number: of fewer nothing can be told
_MOST_VIEWS = 24  # photos of one garment
_MOST = 0.8  # of the photos or groups that must look alike
_NUMBERED = re.compile(r"^(?P<name>.*[^ _.\-])[ _\-](?P<number>\d{1,2})$")


@dataclass(frozen=True, slots=True)
class Layout:
    """Of photos whose names say no view: whether their folder is the garment, and whether a
    number behind the name counts views."""

    folders: bool = False
    numbered: bool = False

    def __str__(self) -> str:
        if self.folders:
            return "folder"
        return "file name without its number" if self.numbered else "file name"


PLAIN = Layout()


def read_in_layout(place: PhotoPlace, layout: Layout) -> Reading:
    """Garment and view of a photo in a project of that layout."""
    reading = read_place(place)
    if reading.kind is not ReadingKind.FILE:
        return reading
    if layout.folders and reading.folder:
        return replace(reading, garment=reading.folder, kind=ReadingKind.FOLDER)
    if layout.numbered and (match := _NUMBERED.match(reading.garment)):
        return replace(reading, garment=match["name"])
    return reading


def find_layout(places: Iterable[PhotoPlace]) -> Layout:
    """The layout that explains the places best. Their order does not matter, nor do doubles."""
    unnamed = {
        (reading.folder, reading.name)
        for reading in map(read_place, places)
        if reading.kind is ReadingKind.FILE
    }
    if _folders_are_garments(unnamed):
        return Layout(folders=True)
    return Layout(numbered=_numbers_count_views(unnamed))


def _folders_are_garments(photos: set[tuple[str, str]]) -> bool:
    """Whether there are many folders of a few photos each, with numbers as products have, or with
    the same few names in all of them."""
    inside = Counter(folder for folder, _ in photos if folder)
    if len(inside) < _FEWEST or sum(inside.values()) < _MOST * len(photos):
        return False
    small = [folder for folder, number in inside.items() if number <= _MOST_VIEWS]
    if len(small) < _MOST * len(inside) or median(inside.values()) < 2:
        return False
    numbers = [folder for folder in small if is_dateless_number(folder.rpartition("/")[2])]
    names = {name for folder, name in photos if folder}
    same_names = len(names) <= len(inside) and 2 * len(names) <= sum(inside.values())
    return len(numbers) >= _MOST * len(inside) or same_names


def _numbers_count_views(photos: set[tuple[str, str]]) -> bool:
    """Whether the numbers behind the names begin again, at 0 or 1, for name after name."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for folder, name in photos:
        match = _NUMBERED.match(name)
        if match and is_dateless_number(match["name"]):
            numbers[f"{folder}/{match['name']}"].add(int(match["number"]))
    counted = sum(map(len, numbers.values()))
    if len(numbers) < _FEWEST or counted < _MOST * len(photos):
        return False
    begun = [found for found in numbers.values() if min(found) <= 1 and max(found) <= _MOST_VIEWS]
    return len(begun) >= _MOST * len(numbers) and counted >= 1.5 * len(numbers)
