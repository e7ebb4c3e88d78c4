"""Export as YOLO segments: a text file a photo."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from hemline.export.formats.format import Exported
from hemline.masks.codecs.outlines import join_rings, mask_to_rings


class Yolo:
    """`labels/NAME.txt`, a line a label that is present: class from 0 on, then x y of each point.

    A line has all of its label, also where another one lies over it; those that lie over others
    come after them. Coordinates are shares of the photo's width and height. Islands and holes are
    joined into the one polygon that a line may hold. `data.yaml` names the classes; lay the photos
    under the same names in `images/` beside it.
    """

    version = 1
    needs_photo = False

    def write(self, exported: Exported) -> dict[str, bytes]:
        height, width = exported.mask.shape
        lines = []
        for class_id in exported.layers.labels():
            whole = join_rings(mask_to_rings(exported.layers.whole(class_id)))
            if whole is not None:
                shares = (whole / (width, height)).clip(0, 1)
                points = " ".join(f"{value:.6f}" for value in shares.ravel())
                lines.append(f"{class_id - 1} {points}\n")
        return {f"labels/{exported.name}.txt": "".join(lines).encode()}

    def finish(self, folder: Path, parts: Iterator[Path], labels: Sequence[str]) -> list[Path]:
        path = folder / "data.yaml"
        names = "".join(
            f"  {index}: {json.dumps(label, ensure_ascii=False)}\n"
            for index, label in enumerate(labels)
        )
        text = f"path: .\ntrain: images\nval: images\nnames:\n{names}"
        path.write_text(text, encoding="utf-8")
        return [path]
