"""Types of garments, from a plain table beside the photos."""

import csv
from pathlib import Path

from hemline.errors import DatasetError

_COLUMNS = ("id", "type")


def read_garment_types(folder: Path) -> dict[str, str]:
    """The type of each id in FOLDER/types.csv, whose columns are id and type; empty without one.

    An id is a garment's name or a photo's stem.

    Raises:
        DatasetError: the table cannot be read, lacks a column, or gives an id two types.
    """
    path = folder / "types.csv"
    if not path.exists():
        return {}
    types: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise DatasetError(
                    f"'{path}' has no column '{missing[0]}'; its first line must be id,type"
                )
            for row in table:
                name, value = ((row[column] or "").strip() for column in _COLUMNS)
                if name and value and types.setdefault(name, value) != value:
                    raise DatasetError(
                        f"'{path}' calls '{name}' both {types[name]} and {value}; keep one"
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"'{path}' cannot be read ({error}); save it as UTF-8 CSV") from error
    return types
