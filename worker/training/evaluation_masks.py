"""The masks that a judgement compared, of the few photos that changed most for better or worse."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hemline.masks.codecs.png import encode_class_mask
from hemline.segmentation.evaluation.evaluate import MeasuredPhoto
from hemline.store.database.artifacts import ArtifactStore

KEPT = 12  # photos that got better, and as many that got worse


class JudgedMasks:
    """Masks of an evaluation, one file a photo, until it is known which of them are kept.

    On disk, since a gold split may have thousands of photos and a judgement keeps a few.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}

    def add(self, measured: MeasuredPhoto | None) -> None:
        """Keeps the mask of a photo that was evaluated; None, one that was not, has none."""
        if measured is None:
            return
        path = self._folder / f"{len(self._files)}.png"
        path.write_bytes(encode_class_mask(measured.mask))
        self._files[measured.figures.id] = path

    def read(self, item_id: str) -> bytes | None:
        """The PNG of class ids of a photo's mask; None if it was not evaluated."""
        path = self._files.get(item_id)
        return path.read_bytes() if path is not None else None


def with_masks(
    figures: Mapping[str, Any],
    candidate: JudgedMasks,
    champion: JudgedMasks,
    artifacts: ArtifactStore,
) -> dict[str, Any]:
    """The figures with the digests of both masks at those photos whose Dice changed most.

    At most `KEPT` each way get `mask`, the candidate's, and `champion_mask`; the masks become
    artifacts.

    Raises:
        ArtifactError: the masks cannot be stored.
    """
    rows = list(figures.get("items") or ())
    chosen = {row["id"] for row in _most_changed(rows)}

    def keep(row: dict[str, Any]) -> dict[str, Any]:
        mine, theirs = candidate.read(row["id"]), champion.read(row["id"])
        if row["id"] not in chosen or mine is None or theirs is None:
            return row
        return {
            **row,
            "mask": artifacts.put(mine, "mask"),
            "champion_mask": artifacts.put(theirs, "mask"),
        }

    return {**figures, "items": [keep(row) for row in rows]}


def _most_changed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    compared = [row for row in rows if row["champion_dice"] is not None]
    by_change = sorted(compared, key=lambda row: float(row["dice"] - row["champion_dice"]))
    worse = [row for row in by_change if row["dice"] < row["champion_dice"]]
    better = [row for row in by_change if row["dice"] > row["champion_dice"]]
    return [*worse[:KEPT], *better[-KEPT:]]
