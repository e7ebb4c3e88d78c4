"""Small data in the exact format of each source, of patches whose colour tells their class."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from hemline.datasets.classes.vocabularies import (
    ATR,
    CCP,
    FASHIONPEDIA,
    FASHIONPEDIA_GROUP,
    MODANET,
)

SIDE = 64
_CELL = 16
_PATCHES = 6  # a photo

Pixels = NDArray[np.uint8]
_GROUP_LEADERS = [
    FASHIONPEDIA.index(next(name for name in FASHIONPEDIA if FASHIONPEDIA_GROUP[name] == group))
    for group in dict.fromkeys(FASHIONPEDIA_GROUP.values())
]


def write_source(kind: str, folder: Path, count: int = 12) -> str:
    """Writes `count` photos with masks as a source of a kind and returns KIND:PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    _WRITERS[kind](folder, count)
    return f"{kind}:{folder}"


def draw(number: int, classes: int) -> tuple[Pixels, Pixels]:
    """A photo of patches and the number of each patch's class, from 1 on; each class comes often,
    and the two of a pair that differ in side alone are told apart by their side."""
    rng = np.random.default_rng(number)
    photo = rng.integers(20, 50, (SIDE, SIDE, 3), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    cells = rng.permutation((SIDE // _CELL) ** 2)[:_PATCHES]
    for place, cell in enumerate(cells):
        label = (number * _PATCHES + place) % classes + 1
        top, left = (int(value) * _CELL for value in divmod(cell, SIDE // _CELL))
        box = (slice(top + 1, top + _CELL - 1), slice(left + 1, left + _CELL - 1))
        hue = np.array([[[label * 180 // (classes + 1), 255, 120 + 60 * (label % 3)]]], np.uint8)
        photo[box] = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0]
        mask[box] = label
    return photo, mask


def _png(pixels: Pixels) -> bytes:
    return _encoded(pixels, "PNG")


def _encoded(pixels: Pixels, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=95)
    return file.getvalue()


def _atr(folder: Path, count: int) -> None:
    pairs = [draw(number, len(ATR)) for number in range(count)]
    columns = {
        name: [{"bytes": _png(pair[side]), "path": None} for pair in pairs]
        for side, name in enumerate(("image", "mask"))
    }
    pq.write_table(pa.table(columns), folder / "train-00000.parquet", row_group_size=5)


def _coco(folder: Path, count: int, names: list[str], ids: list[int], first: int) -> None:
    images = []
    annotations: list[dict[str, object]] = []
    for number in range(count):
        photo, mask = draw(number, len(ids))
        name = f"{number:04}.png"
        (folder / name).write_bytes(_png(photo))
        images.append({"id": number, "file_name": name, "height": SIDE, "width": SIDE})
        for label in np.unique(mask[mask > 0]):
            outlines, _ = cv2.findContours(
                (mask == label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
            )
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": ids[label - 1],
                    "segmentation": [line.ravel().tolist() for line in outlines],
                    "bbox": [0, 0, 1, 1],
                    "area": 1,
                    "iscrowd": 0,
                }
            )
    categories = [
        {"id": k, "name": name, "supercategory": FASHIONPEDIA_GROUP.get(name, "fashion")}
        for k, name in enumerate(names, start=first)
    ]
    document = {"categories": categories, "images": images, "annotations": annotations}
    (folder / "instances_train.json").write_text(json.dumps(document))


def _imaterialist(folder: Path, count: int) -> None:
    with (folder / "train.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ImageId", "EncodedPixels", "Height", "Width", "ClassId"])
        for number in range(count):
            photo, mask = draw(number, len(_GROUP_LEADERS))
            (folder / f"{number:04}.jpg").write_bytes(_encoded(photo, "JPEG"))
            for label in np.unique(mask[mask > 0]):
                inside = np.concatenate([[0], (mask == label).ravel(order="F"), [0]])
                edges = np.flatnonzero(np.diff(inside.astype(int)))
                runs = np.column_stack([edges[::2] + 1, edges[1::2] - edges[::2]])
                text = " ".join(map(str, runs.ravel()))
                writer.writerow([f"{number:04}.jpg", text, SIDE, SIDE, _GROUP_LEADERS[label - 1]])


def _ccp(folder: Path, count: int) -> None:
    masks = folder / "annotations" / "pixel-level"
    for made in (folder / "photos", masks):
        made.mkdir(parents=True, exist_ok=True)
    names = np.empty((1, len(CCP) + 1), dtype=object)
    names[0] = [np.array([tag]) for tag in ("null", *CCP)]
    savemat(folder / "label_list.mat", {"label_list": names})
    for number in range(count):
        photo, mask = draw(number, len(CCP))
        (folder / "photos" / f"{number:04}.jpg").write_bytes(_encoded(photo, "JPEG"))
        savemat(masks / f"{number:04}.mat", {"groundtruth": mask})


def _cutouts(folder: Path, count: int) -> None:
    for name in ("original", "cutout"):
        (folder / name).mkdir(exist_ok=True)
    for number in range(count):
        photo, mask = draw(number, 1)
        cutout = np.dstack([photo, mask * 255])
        (folder / "original" / f"{number:04}.png").write_bytes(_png(photo))
        (folder / "cutout" / f"{number:04}.png").write_bytes(_png(cutout))
    types = [f"{number:04},{'dress' if number < 2 else 'coat'}" for number in range(count)]
    (folder / "types.csv").write_text("\n".join(["id,type", *types]))


_WRITERS: dict[str, Callable[[Path, int], None]] = {
    "atr": _atr,
    "ccp": _ccp,
    "cutouts": _cutouts,
    "fashionpedia": lambda folder, count: _coco(
        folder, count, list(FASHIONPEDIA), _GROUP_LEADERS, first=0
    ),
    "imaterialist": _imaterialist,
    "modanet": lambda folder, count: _coco(
        folder, count, list(MODANET), list(range(1, len(MODANET) + 1)), first=1
    ),
}
