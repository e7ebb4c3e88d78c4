"""ATR: 17 classes of clothes and body, as folders of files or as the parquet files of a copy."""

from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow.parquet as pq
from pyarrow.lib import ArrowException

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.classes.vocabularies import ATR
from hemline.datasets.mask_file import read_class_ids
from hemline.datasets.readers.class_masks import Translation, check_same_size
from hemline.datasets.readers.label_folders import read_label_folders
from hemline.datasets.sample import Dataset, Pixels, Sample
from hemline.errors import DatasetError, HemlineError
from hemline.images import decode_image
from hemline.settings import get_settings

_VOCABULARY = Vocabulary("atr", ATR)
_COLUMNS = ["image", "mask"]


def read_atr(folder: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos with ATR's classes as `classes` ask for.

    `folder` holds JPEGImages/ and SegmentationClassAug/ (or humanparsing/ with them), or parquet
    files (there, or in data/) with the columns image and mask, each a struct of bytes and path, as
    the copy mattmdjaga/human_parsing_dataset has them, or bytes alone. A parquet file is read a row
    group at a time, and the last one is kept: read its samples in their order.

    Raises:
        DatasetError: there is neither, no photo has a mask, or the data lacks a class that is
            asked for.
    """
    classes = classes or class_map()
    files = sorted([*folder.glob("*.parquet"), *folder.glob("data/*.parquet")])
    if not files:
        layouts = [("JPEGImages", "SegmentationClassAug")]
        return read_label_folders(folder, _VOCABULARY, classes, layouts)
    translate = Translation.of(classes, _VOCABULARY)
    samples: list[Sample] = []
    for path in files:
        rows = _Parquet(path)
        for group, row in rows.places():
            name = f"{len(samples):05d}"
            load = partial(_load, rows, group, row, name, translate)
            read = partial(rows.photo, group, row)
            samples.append(Sample(name, name, "", "atr", load, read))
    return Dataset(tuple(samples), classes.labels)


class _Parquet:
    """A parquet file of photos and masks, with the row group that was read last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()  # samples are loaded from several threads
        self._group = -1
        self._columns: list[Any] = []
        try:
            metadata = pq.read_metadata(path)
            names = set(pq.read_schema(path).names)
        except (OSError, ArrowException) as error:
            raise DatasetError(
                f"'{path}' is not a parquet file ({error}); download it again"
            ) from error
        if not names.issuperset(_COLUMNS):
            raise DatasetError(
                f"'{path}' has the columns {', '.join(sorted(names))}; image and mask are needed"
            )
        self._sizes = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]

    def places(self) -> list[tuple[int, int]]:
        """Row group and row within it, of each row."""
        return [(group, row) for group, size in enumerate(self._sizes) for row in range(size)]

    def photo(self, group: int, row: int) -> bytes:
        return self.row(group, row)[0]

    def row(self, group: int, row: int) -> tuple[bytes, bytes]:
        """The photo's and the mask's file."""
        with self._lock:
            if group != self._group:
                self._group, self._columns = -1, []  # one group at a time, not two
                with pq.ParquetFile(self.path) as file:
                    table = file.read_row_group(group, columns=_COLUMNS)
                self._columns = [table.column(name) for name in _COLUMNS]
                self._group = group
            image, mask = (_content(column[row].as_py()) for column in self._columns)
        return image, mask


def _content(cell: Any) -> bytes:
    """The file in a cell: a struct of bytes and path, or the bytes alone; none is an empty file."""
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    return content if isinstance(content, bytes) else b""


def _load(
    rows: _Parquet, group: int, row: int, name: str, translate: Translation
) -> tuple[Pixels, Pixels]:
    where = f"{rows.path.name}, row {name}"
    try:
        photo, mask = rows.row(group, row)
        image = decode_image(photo, name=where, max_pixels=get_settings().max_pixels)
        ids = read_class_ids(mask)
    except (OSError, ArrowException) as error:
        raise DatasetError(f"'{rows.path}' cannot be read ({error}); download it again") from error
    except HemlineError as error:
        raise DatasetError(f"'{where}': {error}") from error
    check_same_size(image, ids, where, f"the mask of {where}")
    return image, translate(ids, where)
