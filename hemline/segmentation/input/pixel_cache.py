"""Decoded photos at the network's size in one memory-mapped file: decoded once, read each epoch."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.sample import Pixels, Sample, Skipped
from hemline.errors import HemlineError
from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.input.framing import frame_of, lay_image, lay_mask
from hemline.segmentation.recipe.parts import Input

_CHANNELS = 4  # red, green, blue, class id
_THREADS = 4


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a photo stands in the file, and its pixels of each class id, `(256,)` int64."""

    id: str
    size: tuple[int, int]
    offset: int
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CacheFile:
    """The file of a cache and what of it belongs to the cache, for another process to open."""

    path: Path
    found: tuple[_Entry | Skipped, ...]

    def at(self, path: Path) -> Self:
        """The same in a copy of the file."""
        return replace(self, path=path)


class PixelCache:
    """Photos and masks of some samples as the network's input.

    `sizes[i]` is the (height, width) of entry i; `skipped` names the samples that could not be
    read, or of which nobody labelled a pixel: they have no entry. `counts` is the number of pixels
    of each class id, `(256,)` int64.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        options: Input,
        path: Path,
        on_item: Callable[[], None] = lambda: None,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        found: list[_Entry | Skipped] = []
        offset = 0
        with path.open("wb") as file:
            for sample, pixels in zip(samples, _entries(samples, options), strict=True):
                on_item()
                if isinstance(pixels, Skipped):
                    found.append(pixels)
                    continue
                file.write(pixels.tobytes())
                counts = np.bincount(pixels[..., 3].ravel(), minlength=256)
                found.append(_Entry(sample.id, pixels.shape[:2], offset, counts))
                offset += pixels.size
        self._open(path)
        self._take(found)

    @classmethod
    def of(cls, file: CacheFile) -> Self:
        """The cache that another process made."""
        cache = cls.__new__(cls)
        cache._open(file.path)
        cache._take(file.found)
        return cache

    @property
    def on_disk(self) -> CacheFile:
        """What `of` makes the same cache from."""
        return CacheFile(self._path, tuple(self._found))

    def part(self, places: Sequence[int]) -> Self:
        """The entries of some of the samples, by their places among those this was made of. They
        share its file."""
        part = copy(self)
        part._take([self._found[place] for place in places])
        return part

    def _open(self, path: Path) -> None:
        self._path = path
        self._bytes: NDArray[np.uint8] = (
            np.memmap(path, dtype=np.uint8, mode="r")
            if path.stat().st_size
            else np.zeros(0, np.uint8)
        )

    def _take(self, found: Sequence[_Entry | Skipped]) -> None:
        self._found = list(found)
        self._entries = [item for item in found if isinstance(item, _Entry)]
        self.skipped = [item for item in found if isinstance(item, Skipped)]
        self.ids = [entry.id for entry in self._entries]
        self.sizes = [entry.size for entry in self._entries]
        self.counts = sum((entry.counts for entry in self._entries), np.zeros(256, dtype=np.int64))

    def present(self, labels: int) -> NDArray[np.bool_]:
        """Which of the class ids 1 to `labels` each photo has pixels of, `(N, labels)`."""
        rows = [entry.counts[1 : labels + 1] > 0 for entry in self._entries]
        return np.array(rows, dtype=bool).reshape(len(rows), labels)

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> tuple[Pixels, Pixels]:
        """Photo `(h, w, 3)` and class-id mask `(h, w)`, uint8."""
        height, width = self.sizes[index]
        start = self._entries[index].offset
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
    if mask.min() == IGNORE:
        return Skipped(sample.id, "no pixel of its mask is labelled; label it or remove it")
    frame = frame_of(image.shape[0], image.shape[1], options)
    return np.dstack([lay_image(image, frame, options), lay_mask(mask, frame)])
