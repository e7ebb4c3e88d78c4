"""The garment and view of one photo, read from its place alone."""

from dataclasses import dataclass
from enum import StrEnum

from hemline.garments.address import PhotoPlace
from hemline.garments.words import (
    garment_folders,
    is_counter,
    is_dateless_number,
    is_nameless,
    is_view_first,
    split_view,
    without_variant,
)

_LONGEST_PART = 3  # digits of a number that names nothing without the folder above it


class ReadingKind(StrEnum):
    """What of a place names the garment."""

    NAMED = "named"  # the file's name says garment and view: <garment>_<view>
    FILE = "file"  # the file's name, which says no view; in its folder, where it has one
    FOLDER = "folder"  # the file's name is a view or says nothing: its folder
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Reading:
    """Garment and view of a photo. `folder` and `name` are what the garment was put together of."""

    garment: str
    view: str
    kind: ReadingKind
    folder: str = ""
    name: str = ""


def read_place(place: PhotoPlace) -> Reading:
    """What the place says of garment and view, whatever other photos there are.

    `<garment>_<view>` names the garment wherever the photo lies, unless the name is one that
    cannot tell garments apart ("dress", "1"): that is a garment in its folder, and so is any name
    without a view. Of a name that is but a view, or says nothing, the garment is the folder's.
    """
    stem = without_variant(place.stem)
    own, view = split_view(stem)
    if view and own:
        own = without_variant(own)
    folder = _folder_name(garment_folders(place.folders))
    view = view or place.view or _view_of_folder(place.folders)
    nearest = folder.rpartition("/")[2]
    if is_nameless(own) or (
        is_counter(own) and is_dateless_number(nearest) and (own == stem or is_view_first(stem))
    ):
        if folder:
            return Reading(folder, view, ReadingKind.FOLDER, folder, stem)
        own = own if is_counter(own) else ""
        kind = ReadingKind.FILE if own else ReadingKind.NOTHING
        return Reading(own, view, kind, "", stem)
    if own != stem:
        bare = is_counter(own) or not any(letter.isdigit() for letter in own)
        garment = f"{folder}/{own}" if bare and folder else own
        return Reading(garment, view, ReadingKind.NAMED, folder, own)
    return Reading(f"{folder}/{own}" if folder else own, view, ReadingKind.FILE, folder, own)


def _folder_name(folders: tuple[str, ...]) -> str:
    """The nearest folder; a short number together with the one above it."""
    if not folders:
        return ""
    nearest = folders[-1]
    if len(folders) > 1 and nearest.isdigit() and len(nearest) <= _LONGEST_PART:
        return f"{folders[-2]}/{nearest}"
    return nearest


def _view_of_folder(folders: tuple[str, ...]) -> str:
    for folder in reversed(folders[-2:]):
        own, view = split_view(folder)
        if view and not own:
            return view
    return ""
