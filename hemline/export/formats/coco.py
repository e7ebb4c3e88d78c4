"""Export as COCO: the same instances once as run lengths and once as polygons."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.export.formats.format import Exported
from hemline.export.names import safe_suffix
from hemline.files import open_atomically
from hemline.masks.codecs.coco import encode_coco_rle
from hemline.masks.codecs.outlines import mask_to_rings

Json = dict[str, Any]
Inside = NDArray[np.bool_]  # (H, W)


class Coco:
    """`instances_rle.json`, exact, and `instances_polygons.json`, simplified to half a pixel.

    An instance is all of one label in a photo, also where another label lies over it; those that
    lie over others come after them. Photo ids are Label Studio's task ids, category ids
    the class ids from 1 on. What each task adds is kept in `parts/`, so that the next export makes
    only what is missing.
    """

    by_part = False

    version = 1
    needs_photo = False

    def write(self, exported: Exported) -> dict[str, bytes]:
        height, width = exported.mask.shape
        task = exported.item.ls_task_id
        instances = [
            _instance(task, category, inside)
            for category in exported.layers.labels()
            for inside in self._instances(exported.layers.whole(category))
        ]
        file_name = exported.name + safe_suffix(exported.item.image_url)
        image = {"id": task, "file_name": file_name, "width": width, "height": height}
        part = {"image": image, "instances": instances}
        return {f"parts/{exported.name}.json": json.dumps(part).encode()}

    def _instances(self, inside: Inside) -> Iterator[Inside]:
        if not self.by_part:
            yield inside
            return
        number, parts = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
        for part in range(1, number):
            yield np.asarray(parts == part)

    def finish(self, folder: Path, parts: Iterator[Path], labels: Sequence[str]) -> list[Path]:
        paths = list(parts)
        return [
            _assemble(folder / "instances_rle.json", paths, labels, _with_rle),
            _assemble(folder / "instances_polygons.json", paths, labels, _with_polygons),
        ]


class CocoParts(Coco):
    """The same, and an instance is one connected part of a label: each shoe of a pair, each of two
    people's dresses. Pixels that touch at a corner belong together."""

    by_part = True


def _instance(task: int, category: int, inside: Inside) -> Json:
    bounds = cv2.boundingRect(inside.astype(np.uint8))
    return {
        "image_id": task,
        "category_id": category,
        "area": int(inside.sum()),
        "bbox": [int(side) for side in bounds],
        "iscrowd": 0,
        "rle": encode_coco_rle(inside),
        "polygons": [ring.ravel().tolist() for ring in mask_to_rings(inside)],
    }


def _assemble(
    path: Path,
    parts: Sequence[Path],
    labels: Sequence[str],
    shaped: Callable[[Json], Json | None],
) -> Path:
    """Joins the parts without holding more than one of them."""
    categories = [{"id": k, "name": name} for k, name in enumerate(labels, start=1)]
    with open_atomically(path) as file:
        file.write(b'{"categories": ' + json.dumps(categories).encode() + b',\n"images": [\n')
        for number, part in enumerate(parts):
            text = json.dumps(json.loads(part.read_bytes())["image"])
            file.write((",\n" if number else "").encode() + text.encode())
        file.write(b'],\n"annotations": [\n')
        count = 0
        for part in parts:
            for instance in json.loads(part.read_bytes())["instances"]:
                made = shaped(instance)
                if made is None:
                    continue
                count += 1
                text = json.dumps({"id": count, **made})
                file.write((",\n" if count > 1 else "").encode() + text.encode())
        file.write(b"]}\n")
    return path


def _with_rle(instance: Json) -> Json:
    rest = {key: value for key, value in instance.items() if key not in ("rle", "polygons")}
    return rest | {"segmentation": instance["rle"]}


def _with_polygons(instance: Json) -> Json | None:
    """None for an instance too small for any polygon."""
    rest = {key: value for key, value in instance.items() if key not in ("rle", "polygons")}
    return rest | {"segmentation": instance["polygons"]} if instance["polygons"] else None
