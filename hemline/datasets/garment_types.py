"""Types of garments, from a plain table beside the photos."""

import csv
import io
from pathlib import Path

from hemline.datasets.file_names import same_name
from hemline.datasets.text_file import delimiter_of, read_text
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
    text = read_text(path)
    try:
        table = csv.DictReader(
            io.StringIO(text, newline=""), delimiter=delimiter_of(text.split("\n", 1)[0])
        )
        missing = [name for name in _COLUMNS if name not in (table.fieldnames or ())]
        if missing:
            raise DatasetError(
                f"'{path}' has no column '{missing[0]}'; its first line must be id,type"
            )
        for row in table:
            name, value = (same_name((row[column] or "").strip()) for column in _COLUMNS)
            for key in {name, _as_whole(name)} if name and value else ():
                if types.setdefault(key, value) != value:
                    raise DatasetError(
                        f"'{path}' calls '{key}' both {types[key]} and {value}; keep one"
                    )
    except csv.Error as error:
        raise DatasetError(f"'{path}' cannot be read ({error}); save it as UTF-8 CSV") from error
    return types


def _as_whole(name: str) -> str:
    """12 for the 12.0 that pandas makes of numbers in a column with gaps."""
    return name[:-2] if name.endswith(".0") and name[:-2].isdigit() else name
