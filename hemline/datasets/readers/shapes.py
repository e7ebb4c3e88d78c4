"""One shape for each piece, painted into one mask of class ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from hemline.datasets.sample import Pixels, swap_pairs
from hemline.errors import DatasetError


@dataclass(frozen=True, slots=True)
class _Piece:
    """The box of a shape: `inside` is 0 or 1, at `top`, `left` of the photo."""

    class_id: int
    inside: Pixels
    top: int
    left: int
    area: int


def paint_shapes(
    shapes: Iterable[tuple[str, Pixels]],
    ids: Mapping[str, int],
    labels: Sequence[str],
    height: int,
    width: int,
    *,
    unlabelled: int = 0,
) -> Pixels:
    """A mask `(height, width)` of class ids, small pieces over large ones: a pocket on its coat.

    A class that comes in left and right for the training, but in one for the source, is told by
    where it is: people face the camera, so their left shoe is in the right half of what they wear.

    Args:
        shapes: the source's label and a mask `(height, width)` of 0 and 1, of each piece. They are
            taken one at a time.
        ids: class id of each label; a label that has none is not painted.
        labels: of the class ids: k is labels[k - 1].
        unlabelled: class id of the pixels that no painted shape covers, see `ClassMap.unlabelled`.
    """
    pieces = [piece for label, mask in shapes if (piece := _cut_out(ids.get(label), mask))]
    painted = np.full((height, width), unlabelled, dtype=np.uint8)
    for piece in sorted(_with_sides(pieces, ids, labels), key=lambda piece: -piece.area):
        rows, columns = piece.inside.shape
        window = painted[piece.top : piece.top + rows, piece.left : piece.left + columns]
        window[piece.inside > 0] = piece.class_id
    return painted


def fit_to_photo(mask: Pixels, image: Pixels, name: str) -> Pixels:
    """The mask at its photo's size, where the photo is a scaled copy of what was annotated.

    Raises:
        DatasetError: the photo has another shape, so the mask belongs to another crop of it.
    """
    large, small = sorted((image.shape[:2], mask.shape), reverse=True)
    if large == small:
        return mask
    if abs(large[1] * small[0] / large[0] - small[1]) > 1:
        raise DatasetError(
            f"'{name}' is {image.shape[1]} x {image.shape[0]} px but was annotated at "
            f"{mask.shape[1]} x {mask.shape[0]} px, a different shape; use the photo that was "
            "annotated"
        )
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)


def _cut_out(class_id: int | None, mask: Pixels) -> _Piece | None:
    if class_id is None:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    area = int(np.count_nonzero(inside))
    return _Piece(class_id, inside, int(rows[0]), int(columns[0]), area)


def _with_sides(
    pieces: Sequence[_Piece], ids: Mapping[str, int], labels: Sequence[str]
) -> Iterable[_Piece]:
    right_of = {
        left: right
        for left, right in swap_pairs(labels)
        if left in ids.values() and right not in ids.values()
    }
    if not right_of or not pieces:
        return pieces
    # The middle of everything that is worn, each piece by its area.
    middle = np.average(
        [piece.left + piece.inside.shape[1] / 2 for piece in pieces],
        weights=[piece.area for piece in pieces],
    )
    told: list[_Piece] = []
    for piece in pieces:
        if piece.class_id in right_of:
            told.extend(_islands(piece, right_of[piece.class_id], float(middle)))
        else:
            told.append(piece)
    return told


def _islands(piece: _Piece, right_id: int, middle: float) -> Iterable[_Piece]:
    count, islands, stats, centres = cv2.connectedComponentsWithStats(piece.inside, connectivity=8)
    for island in range(1, count):
        class_id = piece.class_id if piece.left + centres[island][0] >= middle else right_id
        inside = (islands == island).astype(np.uint8)
        area = int(stats[island][cv2.CC_STAT_AREA])
        yield _Piece(class_id, inside, piece.top, piece.left, area)
