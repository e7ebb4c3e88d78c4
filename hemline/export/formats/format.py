"""What a format of an export is, and what it is given to write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hemline.labelstudio.project.config import LabelConfig
from hemline.masks.layers import Layers
from hemline.masks.parts import RegionsPer
from hemline.store.reports.export_masks import ExportItem


@dataclass(frozen=True, slots=True)
class Exported:
    """One task's mask on its way out.

    Attributes:
        name: what its files are called, without a suffix; unique in the project.
        layers: the mask (H, W) of class ids, k is config.labels[k - 1], and what lies under others.
        photo: (H, W, 3) uint8 RGB where the format asks for it, else None.
        per: what is one region in Label Studio.
    """

    item: ExportItem
    name: str
    layers: Layers
    photo: NDArray[np.uint8] | None
    config: LabelConfig
    per: RegionsPer = RegionsPer.LABEL

    @property
    def mask(self) -> NDArray[np.uint8]:
        """(H, W) uint8 class ids: at each pixel the uppermost label."""
        return self.layers.mask


class ExportFormat(Protocol):
    """How masks become files.

    Attributes:
        version: goes up when the same mask would be written otherwise, so that folders written
            before are written anew.
        needs_photo: whether `write` is given the photo's pixels.
    """

    version: int
    needs_photo: bool

    def write(self, exported: Exported) -> dict[str, bytes]:
        """The task's files by their path below the export's folder. Called by several threads."""
        ...

    def finish(self, folder: Path, parts: Iterator[Path], labels: Sequence[str]) -> list[Path]:
        """Writes what all tasks share, from their first files in order; returns what it wrote."""
        ...
