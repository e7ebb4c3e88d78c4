"""iMaterialist Fashion 2019 and 2020: train.csv with run lengths of each piece, 46 categories."""

import codecs
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.classes.vocabularies import FASHIONPEDIA, FASHIONPEDIA_GROUP
from hemline.datasets.file_names import same_name
from hemline.datasets.photo_file import read_image
from hemline.datasets.photo_folder import PhotoFolder
from hemline.datasets.readers.json_elements import Span
from hemline.datasets.readers.shapes import fit_to_photo, paint_shapes
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.datasets.text_file import (
    decode_text,
    delimiter_of,
    read_text,
    text_encoding,
    whole_number,
)
from hemline.errors import DatasetError, MaskError
from hemline.masks.codecs.brush import check_mask_size

_COLUMNS = ("ImageId", "EncodedPixels", "Height", "Width", "ClassId")

# One piece of a large photo has more run lengths than the 131,072 characters that csv allows.
csv.field_size_limit(sys.maxsize)


def read_imaterialist(path: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos with the pieces that train.csv gives them, one a row.

    `path` holds train.csv and the photos anywhere below (train/); or it is the CSV file. Both years
    are read: ids with ".jpg" or without, classes as "10_3_20" (a category, then its attributes) or
    "10". Category names are label_descriptions.json's where that file is beside the CSV, else the
    46 published ones. A photo with a row that cannot be read is left out as a whole, for the piece
    that is missing would be background.

    Raises:
        DatasetError: there is no such CSV or none of its photos, or the data lacks a class that is
            asked for.
    """
    table = path if path.is_file() else path / "train.csv"
    if not table.exists():
        raise DatasetError(f"'{table}' is missing; give the folder that holds train.csv and photos")
    classes = classes or class_map()
    names, groups = _categories(table.parent / "label_descriptions.json")
    known = Vocabulary("fashionpedia", tuple(names.values()), groups)
    form, spans = _scan(table)
    rows = _Rows(table, form, names, classes.ids(known), classes.labels, classes.unlabelled(known))
    photos = PhotoFolder(table.parent)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for stem, places in spans.items():
        photo = photos.find_any_ending(stem)
        if photo is None:
            skipped.append(Skipped(stem, photos.why_not(f"{stem}.jpg")))
            continue
        load = partial(_load, photo, rows, places)
        samples.append(Sample(stem, stem, "", "imaterialist", load, photo.read_bytes))
    if not samples:
        raise DatasetError(
            f"no photo of '{table}' can be read{': ' + skipped[0].problem if skipped else ''}"
        )
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


def decode_pixel_runs(text: str, height: int, width: int) -> Pixels:
    """Kaggle's run lengths as a mask.

    Args:
        text: "start length start length ...": pixels are counted down the columns, from 1.

    Returns:
        (height, width) uint8, 0 or 1.

    Raises:
        MaskError: there are no pairs of whole numbers, or a run leaves the photo, as one that
            starts at 0 does.
    """
    check_mask_size(height, width)
    try:
        # pandas may have made "12.0" of 12.
        parts = [part.removesuffix(".0") for part in text.split()]
        numbers = np.array(parts, dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise MaskError(f"its run lengths are not integers ({error}); repair it") from error
    if not numbers.size or numbers.size % 2:
        raise MaskError(f"it has {numbers.size} run lengths, which do not form pairs; repair it")
    starts, lengths = numbers[::2] - 1, numbers[1::2]
    outside = (starts < 0) | (lengths < 1) | (lengths > height * width - starts)
    if outside.any():
        start, length = numbers.reshape(-1, 2)[int(np.argmax(outside))]
        raise MaskError(
            f"its run of {length} from pixel {start} runs beyond the {width} x {height} px, which "
            f"count from 1 to {height * width}; repair it"
        )
    pixels = np.zeros(height * width, dtype=np.uint8)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    pixels[np.repeat(starts, lengths) + within] = 1
    return np.ascontiguousarray(pixels.reshape(width, height).T)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What it takes to read the CSV's rows again."""

    path: Path
    form: "_Form"
    names: Mapping[int, str]
    ids: Mapping[str, int]
    labels: tuple[str, ...]
    unlabelled: int

    def read(self, span: Span) -> dict[str, str]:
        with self.path.open("rb") as file:
            file.seek(span.start)
            line = decode_text(file.read(span.end - span.start), span.encoding)
        values = next(csv.reader([line], delimiter=self.form.delimiter), [])
        columns = self.form.columns
        if len(values) < len(columns):
            raise DatasetError(
                f"'{self.path}' has {len(values)} values for {len(columns)} columns at byte "
                f"{span.start}; download it again"
            )
        return dict(zip(columns, values, strict=False))


@dataclass(frozen=True, slots=True)
class _Form:
    """How a CSV is written."""

    columns: tuple[str, ...]
    delimiter: str


def _categories(path: Path) -> tuple[dict[int, str], dict[str, str]]:
    """Name of each category id, and supercategory of each name."""
    if not path.exists():
        return dict(enumerate(FASHIONPEDIA)), FASHIONPEDIA_GROUP
    try:
        categories = json.loads(read_text(path))["categories"]
        names = {int(item["id"]): str(item["name"]) for item in categories}
        return names, {str(item["name"]): str(item["supercategory"]) for item in categories}
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"'{path}' has no categories with id, name and supercategory ({error!r}); remove it, "
            "and the published names are used"
        ) from error


def _scan(path: Path) -> tuple[_Form, dict[str, list[Span]]]:
    """The table's form, and where the rows of each photo stand."""
    spans: dict[str, list[Span]] = defaultdict(list)
    with path.open("rb") as file:
        encoding, start = text_encoding(file.read(4))
        file.seek(start)
        lines = _lines(file, encoding)
        header = next(lines, b"")
        title = decode_text(header, encoding).strip()
        delimiter = delimiter_of(title)
        columns = tuple(next(csv.reader([title], delimiter=delimiter), []))
        lacking = [name for name in _COLUMNS if name not in columns]
        if lacking:
            raise DatasetError(
                f"'{path}' has the columns {', '.join(columns)}; iMaterialist's are "
                f"{', '.join(_COLUMNS)}"
            )
        place, mark = columns.index("ImageId"), delimiter.encode(encoding)
        start += len(header)
        for line in lines:
            end = start + len(line)
            # Not by csv, for nothing before the id is quoted and run lengths are long.
            cell = [*line.split(mark, place + 1), b""][place]
            stem = _photo_stem(decode_text(cell, encoding).strip('" \r\n'))
            if stem:
                spans[stem].append(Span(start, end, encoding))
            start = end
    return _Form(columns, delimiter), spans


def _photo_stem(image_id: str) -> str:
    """The id without its ending, and 12 for the 12.0 that pandas makes of numbers."""
    stem = same_name(image_id.removesuffix(".jpg"))
    whole = stem.removesuffix(".0")
    return whole if whole.isdigit() else stem


def _lines(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The lines of a file, of which a character may take more than a byte."""
    if not encoding.startswith(("utf-16", "utf-32")):
        yield from file
        return
    for line in codecs.getreader(encoding)(file):
        yield line.encode(encoding)


def _load(photo: Path, rows: _Rows, places: list[Span]) -> tuple[Pixels, Pixels]:
    read = [rows.read(place) for place in places]
    sizes = {(row["Height"], row["Width"]) for row in read}
    try:
        ((height, width),) = (
            (whole_number(height), whole_number(width)) for height, width in sizes
        )
        if not height or not width:
            raise ValueError("not integers")
    except ValueError as error:
        raise DatasetError(
            f"'{rows.path}' gives '{photo.stem}' the sizes {sorted(sizes)}; give it one"
        ) from error
    mask = paint_shapes(
        _shapes(read, rows, photo.stem, height, width),
        rows.ids,
        rows.labels,
        height,
        width,
        unlabelled=rows.unlabelled,
    )
    image = read_image(photo)
    return image, fit_to_photo(mask, image, str(photo))


def _shapes(
    read: Iterable[Mapping[str, str]], rows: _Rows, stem: str, height: int, width: int
) -> Iterator[tuple[str, Pixels]]:
    for row in read:
        category = row["ClassId"].split("_")[0]
        number = whole_number(category)
        label = None if number is None else rows.names.get(number)
        if label is None:
            raise DatasetError(
                f"'{rows.path}' has a piece of the unknown class '{row['ClassId']}' on '{stem}'; "
                "repair it"
            )
        try:
            yield label, decode_pixel_runs(row["EncodedPixels"], height, width)
        except MaskError as error:
            raise DatasetError(f"'{rows.path}', a {label} on '{stem}': {error}") from error
