"""The files of an evaluation: overlays that sort worst first, a row a photo, the outliers."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hemline.datasets.sample import Pixels
from hemline.errors import DatasetError
from hemline.masks.class_ids import class_ids
from hemline.masks.figures.overlap import IGNORE
from hemline.masks.figures.statistics import find_outliers
from hemline.segmentation.evaluation.evaluate import MeasuredPhoto
from hemline.segmentation.evaluation.mask_traits import mask_traits

TRUTH_COLOUR = (86, 180, 233)  # sky blue; both are told apart by the colour-blind too
MASK_COLOUR = (230, 159, 0)  # orange
_LONGEST_SIDE = 1200  # px of an overlay


class EvaluationFiles:
    """Writes a folder as the photos are measured.

    overlays/DICE-ID.jpg: the photo with its truth outlined in blue and its prediction in orange;
    as a name begins with the Dice, the folder's first is the worst. photos.csv: a row a photo.
    outliers.csv: the photos whose Dice is an outlier, worst first, with what their masks say of
    why: what was missed and what was added as shares, and the truth's traits.

    Raises:
        DatasetError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[dict[str, Any]] = []
        try:
            (folder / "overlays").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatasetError(f"'{folder}' cannot be written ({error}); choose another") from error

    def add(self, measured: MeasuredPhoto) -> None:
        """Writes the photo's overlay and keeps its row."""
        figures = asdict(measured.figures)
        labels = figures.pop("labels")
        name = re.sub(r"[^\w.-]+", "_", measured.figures.id)
        path = self._folder / "overlays" / f"{measured.figures.dice:.4f}-{name}.jpg"
        picture = draw_overlay(measured.image, measured.truth, measured.mask)
        _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        path.write_bytes(data.tobytes())
        traits = mask_traits(measured.image, (measured.truth > 0) & (measured.truth != IGNORE))
        missed, added = 1 - measured.figures.recall, 1 - measured.figures.precision
        self._rows.append(
            {
                **figures,
                "missed": missed,
                "added": added,
                **asdict(traits),
                **{f"dice of {label}": value for label, value in labels.items()},
            }
        )

    def finish(self) -> None:
        """Writes the two tables."""
        _write_csv(self._folder / "photos.csv", self._rows)
        outliers = find_outliers([row["dice"] for row in self._rows])
        worst = sorted((self._rows[index] for index in outliers), key=lambda row: row["dice"])
        _write_csv(self._folder / "outliers.csv", worst, like=self._rows)


def draw_overlay(image: Pixels, truth: Pixels, mask: Pixels) -> Pixels:
    """The photo (H, W, 3) RGB, 1,200 px or less a side, with the outlines of both masks' regions.

    Where outlines coincide the prediction's is seen, being thinner and on top.
    """
    scale = min(1.0, _LONGEST_SIDE / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    picture = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    for ids, colour, width in ((truth, TRUTH_COLOUR, 3), (mask, MASK_COLOUR, 1)):
        small = cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        for class_id in set(class_ids(small)) - {0, IGNORE}:
            outlines, _ = cv2.findContours(
                (small == class_id).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(picture, outlines, -1, colour, width)
    return picture


def _write_csv(
    path: Path, rows: Sequence[Mapping[str, Any]], like: Sequence[Mapping[str, Any]] | None = None
) -> None:
    columns = list(dict.fromkeys(key for row in like or rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({key: _short(value) for key, value in row.items()} for row in rows)


def _short(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
