"""Export as Label Studio's own JSON, which its import takes back."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hemline.export.formats.format import Exported
from hemline.files import open_atomically
from hemline.labelstudio.regions import mask_to_regions

# Label Studio takes at most 250 MB in one upload, and reads it whole.
LARGEST_FILE = 64 * 2**20


class LabelStudioTasks:
    """`tasks-001.json`, ...: tasks with their data, corrections as annotations, predictions as
    predictions, in files that one upload takes.

    What each task adds is kept in `parts/`, so that the next export makes only what is missing.
    """

    version = 1
    needs_photo = False

    def write(self, exported: Exported) -> dict[str, bytes]:
        item = exported.item
        regions = list(_regions(exported))
        task: dict[str, object] = {"data": item.data}
        if item.ls_annotation_id is not None:
            task["annotations"] = [{"result": regions, "ground_truth": item.ground_truth}]
        else:
            prediction = {"result": regions, "model_version": item.model_version}
            task["predictions"] = [prediction | {"score": item.score}]
        return {f"parts/{exported.name}.json": json.dumps(task).encode()}

    def finish(self, folder: Path, parts: Iterator[Path], labels: Sequence[str]) -> list[Path]:
        written: list[Path] = []
        for batch in _batches(parts):
            path = folder / f"tasks-{len(written) + 1:03d}.json"
            with open_atomically(path) as file:
                for number, part in enumerate(batch):
                    file.write(b",\n" if number else b"[")
                    file.write(part.read_bytes())
                file.write(b"]\n")
            written.append(path)
        return written


def _regions(exported: Exported) -> Iterator[dict[str, Any]]:
    """Regions that are read as the same layers again."""
    item = exported.item
    begun: set[int] = set()
    for class_id, inside in exported.layers.in_order():
        again = "/again" if class_id in begun else ""
        begun.add(class_id)
        yield from mask_to_regions(
            inside.astype(np.uint8) * np.uint8(class_id),
            config=exported.config,
            labels=exported.config.labels,
            region_scores=item.region_scores,
            seed=f"{item.ls_task_id}/{item.mask_digest}{again}",
            per=exported.per,
        )


def _batches(parts: Iterator[Path]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    size = 0
    for part in parts:
        bytes_more = part.stat().st_size
        if batch and size + bytes_more > LARGEST_FILE:
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += bytes_more
    if batch:
        yield batch
