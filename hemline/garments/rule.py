"""A project's rule: a pattern or a field that a person set, else what its addresses share."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from hemline.errors import GarmentRuleError
from hemline.garments.address import file_at, read_address, without_upload_prefix
from hemline.garments.layout import PLAIN, Layout, read_in_layout
from hemline.garments.reading import ReadingKind

_LONGEST = 255


class GarmentBy(StrEnum):
    """What named a photo's garment."""

    FIELD = "field"
    PATTERN = "pattern"
    DATA = "data"  # the task's own field `garment`
    FILE = "file name"
    FOLDER = "folder"
    NOTHING = "nothing"  # a garment of its own


@dataclass(frozen=True, slots=True)
class Named:
    """A photo's garment and view; the garment is empty where nothing names it."""

    garment: str
    view: str
    by: GarmentBy


@dataclass(frozen=True, slots=True)
class GarmentRule:
    """How a project's photos are grouped by garment. With neither pattern nor field, by what the
    task's data says in `garment`, else by the photo's address in the project's layout.

    `settled`: photos have been split by it, so that it changes by a person's command alone.
    """

    pattern: str = ""
    field: str = ""
    layout: Layout = PLAIN
    settled: bool = False

    def name(self, data: Mapping[str, Any], address: str) -> Named:
        """Garment and view of a task. What pattern or field do not name, the address does."""
        reading = read_in_layout(read_address(address), self.layout)
        view = str(data.get("view") or "")
        if self.field and (value := _field(data, self.field)):
            return Named(value, view or reading.view, GarmentBy.FIELD)
        if self.pattern:
            match = re.search(self.pattern, pattern_text(address))
            if match and match["garment"]:
                own = match.groupdict().get("view") or reading.view
                return Named(match["garment"], view or own, GarmentBy.PATTERN)
        if value := _field(data, "garment"):
            return Named(value, view or reading.view, GarmentBy.DATA)
        by = {ReadingKind.NOTHING: GarmentBy.NOTHING, ReadingKind.FOLDER: GarmentBy.FOLDER}
        return Named(reading.garment, view or reading.view, by.get(reading.kind, GarmentBy.FILE))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(stored: Mapping[str, Any] | None) -> "GarmentRule":
        """The rule as the store has it; the plain one where it has none."""
        if not stored:
            return GarmentRule()
        known = {field.name for field in fields(GarmentRule)}
        values = {key: value for key, value in stored.items() if key in known}
        return GarmentRule(**{**values, "layout": Layout(**values.get("layout", {}))})

    def __str__(self) -> str:
        """The rule in a few words: "by the field 'sku'"."""
        if self.field:
            return f"by the field '{self.field}'"
        if self.pattern:
            return f"by the pattern {self.pattern}"
        return f"by {self.layout}"


def pattern_text(address: str) -> str:
    """What a pattern is searched in: the path of a photo's file, decoded, without host or bucket
    and without Label Studio's mark.

    >>> pattern_text("/data/upload/1/0a1b2c3d-coat1_Front.jpg")
    'coat1_Front.jpg'
    """
    file = file_at(address)
    folders, slash, name = file.path.rpartition("/")
    if file.uploaded:
        return without_upload_prefix(name, sure=True)
    return (folders + slash + without_upload_prefix(name)).lstrip("/")


def check_pattern(pattern: str) -> None:
    """Raises GarmentRuleError for a pattern that is not a regular expression with a group named
    garment."""
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise GarmentRuleError(
            f"the garment pattern {pattern!r} is not a regular expression: {error}"
        ) from error
    if "garment" not in compiled.groupindex:
        raise GarmentRuleError(
            f"the garment pattern {pattern!r} has no group named garment; write it as in "
            r"'(?P<garment>\d+)_(?P<view>\w+)\.jpg'"
        )
    unknown = sorted(set(compiled.groupindex) - {"garment", "view"})
    if unknown:
        raise GarmentRuleError(
            f"the garment pattern {pattern!r} has an unknown group '{unknown[0]}'; name "
            "groups garment and view"
        )


def _field(data: Mapping[str, Any], field: str) -> str:
    """A field of a task's data as text; "a.b" is the field b of a where no field has that name."""
    value: Any = data.get(field)
    if value is None and "." in field:
        value = data
        for part in field.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:_LONGEST]
