"""Labels over each other: a mask has one label for each pixel, and layers keep the rest."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.masks.class_ids import class_ids
from hemline.masks.codecs.coco import decode_coco_rle, encode_coco_rle

Inside = NDArray[np.bool_]  # (H, W)

_MOST_COVERED = 2**29  # bytes of what is covered, one for each pixel and label


@dataclass(frozen=True, slots=True)
class Layers:
    """What was drawn of each label, also where another one lies over it.

    Attributes:
        mask: (H, W) uint8 class ids, 0 is background: at each pixel the label that lies uppermost.
        covered: class id to (H, W) bool, where that label lies under others.
    """

    mask: NDArray[np.uint8]
    covered: dict[int, Inside] = field(default_factory=dict)

    def put(self, class_id: int, inside: Inside) -> None:
        """Lays more of a label over what is there.

        Raises:
            MaskError: so many labels would lie under others that they take over 512 MiB. Nothing
                is changed then.
        """
        below = [k for k in class_ids(self.mask[inside]) if k not in (0, class_id)]
        self._check_covered(len(self.covered.keys() | below))
        for other in below:
            if other not in self.covered:
                self.covered[other] = np.zeros(inside.shape, dtype=np.bool_)
            seen = self.mask == other
            seen &= inside
            self.covered[other] |= seen
        if class_id in self.covered:
            self.covered[class_id] &= ~inside
        self.mask[inside] = class_id

    def _check_covered(self, labels: int) -> None:
        if labels * self.mask.size > _MOST_COVERED:
            height, width = self.mask.shape
            raise MaskError(
                f"{labels} labels lie under others on {width} x {height} px, more than the "
                f"{_MOST_COVERED // 2**20} MiB that are for them; erase what is hidden"
            )

    def whole(self, class_id: int) -> Inside:
        """All that was drawn of a label."""
        seen: Inside = self.mask == class_id
        return seen | self.covered[class_id] if class_id in self.covered else seen

    def labels(self) -> list[int]:
        """The class ids that are there, without the background, the lowest layer first."""
        return self._sorted()[0]

    def in_order(self) -> Iterator[tuple[int, Inside]]:
        """Class ids, each with what to put, in this order, to get these layers again.

        Each label once and whole; or, where two lie over each other in turns, first what is
        covered of each and then what is seen.
        """
        order, is_exact = self._sorted()
        if is_exact:
            yield from ((class_id, self.whole(class_id)) for class_id in order)
            return
        yield from sorted(self.covered.items())
        yield from ((k, self.mask == k) for k in class_ids(self.mask) if k)

    def _sorted(self) -> tuple[list[int], bool]:
        """Each label before those that lie over it, else by class id; and whether that can be."""
        over = {k: {*class_ids(self.mask[plane])} for k, plane in self.covered.items()}
        left = ({*class_ids(self.mask)} | {k for k, above in over.items() if above}) - {0}
        order: list[int] = []
        is_exact = True
        while left:
            ready = [k for k in left if not any(k in over.get(other, ()) for other in left - {k})]
            is_exact = is_exact and bool(ready)
            order.append(min(ready or left))
            left.remove(order[-1])
        return order, is_exact


def encode_covered(layers: Layers) -> bytes | None:
    """Where labels lie under others, as bytes that are the same for the same layers; None where
    none does."""
    planes = {
        str(k): encode_coco_rle(plane) for k, plane in sorted(layers.covered.items()) if plane.any()
    }
    return json.dumps(planes, separators=(",", ":")).encode() if planes else None


def decode_covered(data: bytes, mask: NDArray[np.uint8]) -> Layers:
    """The layers of a mask (H, W) of class ids, and what `encode_covered` wrote of them.

    Raises:
        MaskError: the bytes cannot be read, or are of a mask of another size.
    """
    try:
        planes = {int(k): decode_coco_rle(rle) != 0 for k, rle in json.loads(data).items()}
    except (MaskError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise MaskError(
            f"covered parts cannot be read ({error}); run `hemline verify --repair`"
        ) from error
    for k, plane in planes.items():
        if plane.shape != mask.shape or not 0 < k < 256:
            raise MaskError(
                f"covered parts of class id {k} are {plane.shape[1]} x {plane.shape[0]} px and the "
                f"mask {mask.shape[1]} x {mask.shape[0]} px; run `hemline verify --repair`"
            )
    return Layers(mask, planes)
