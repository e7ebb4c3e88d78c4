"""Decoded photos at the network's size in one memory-mapped file: decoded once, read each epoch."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.sample import Pixels, Sample
from hemline.errors import HemlineError
from hemline.segmentation.framing import frame_of, lay_image, lay_mask
from hemline.segmentation.recipe_parts import Input

_CHANNELS = 4  # red, green, blue, class id
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sample that could not be used, and why."""

    id: str
    problem: str


class PixelCache:
    """Photos and masks of some samples as the network's input.

    `sizes[i]` is the (height, width) of entry i; `skipped` names the samples that could not be
    read, which have no entry; `counts` is the number of pixels of each class id, `(256,)` int64.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        options: Input,
        path: Path,
        on_item: Callable[[], None] = lambda: None,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.ids: list[str] = []
        self.sizes: list[tuple[int, int]] = []
        self.skipped: list[Skipped] = []
        self.counts = np.zeros(256, dtype=np.int64)
        self._offsets: list[int] = []
        offset = 0
        with path.open("wb") as file:
            for sample, entry in zip(samples, _entries(samples, options), strict=True):
                on_item()
                if isinstance(entry, Skipped):
                    self.skipped.append(entry)
                    continue
                file.write(entry.tobytes())
                self.counts += np.bincount(entry[..., 3].ravel(), minlength=256)
                self.ids.append(sample.id)
                self.sizes.append((entry.shape[0], entry.shape[1]))
                self._offsets.append(offset)
                offset += entry.size
        self._bytes: NDArray[np.uint8] = (
            np.memmap(path, dtype=np.uint8, mode="r") if offset else np.zeros(0, np.uint8)
        )

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> tuple[Pixels, Pixels]:
        """Photo `(h, w, 3)` and class-id mask `(h, w)`, uint8."""
        height, width = self.sizes[index]
        start = self._offsets[index]
        entry = self._bytes[start : start + height * width * _CHANNELS]
        entry = entry.reshape(height, width, _CHANNELS)
        return entry[..., :3], entry[..., 3]


def _entries(samples: Sequence[Sample], options: Input) -> Iterator[Pixels | Skipped]:
    """Entries in order; a few are decoded ahead, never all."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(samples), 4 * _THREADS):
            chunk = samples[start : start + 4 * _THREADS]
            yield from pool.map(lambda sample: _entry(sample, options), chunk)


def _entry(sample: Sample, options: Input) -> Pixels | Skipped:
    try:
        image, mask = sample.load()
    except (HemlineError, OSError) as error:
        return Skipped(sample.id, str(error))
    if image.shape[:2] != mask.shape:
        return Skipped(
            sample.id,
            f"the mask is {mask.shape[1]} x {mask.shape[0]} px, its photo {image.shape[1]} x "
            f"{image.shape[0]} px; draw it again",
        )
    frame = frame_of(image.shape[0], image.shape[1], options)
    return np.dstack([lay_image(image, frame, options), lay_mask(mask, frame)])
