"""Take speckles and pinholes out of a mask, and leave real holes and thin straps."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.masks.class_ids import class_ids
from hemline.masks.nearest import nearest_values

# Islands below this share of their class's largest one are speckles. docs/log.md has the figures
# that this and the next two were chosen by.
SMALLEST_SHARE = 0.002
# Holes below this share of the largest garment island are pinholes: real holes are far smaller
# than real islands.
_SMALLEST_HOLE_SHARE = 1e-4
# Below this share of the photo an island or hole goes in any case: 20 px of a 2 Mpx photo.
SMALLEST_OF_PHOTO = 1e-5
_PARENT = 3  # of what OpenCV says of an outline; -1 for one that is in no other


def clean_mask(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace small islands by what is around them.

    An island is a connected set of pixels of one class: of a garment by sides and corners, so that
    a thin slanting strap is one, of the background by sides alone. Islands of background are the
    holes. A small island's pixels take the class of the nearest pixel that is in none.

    The editor lags with many islands, so this is for the annotator as much as for the figures.

    Args:
        mask: (H, W) uint8 class ids, 0 is background.

    Returns:
        (H, W) uint8, a new array.
    """
    small = np.zeros(mask.shape, dtype=bool)
    largest = 0
    floor = SMALLEST_OF_PHOTO * mask.size
    for class_id in reversed(class_ids(mask)):
        inside = mask == class_id
        left, top, width, height = cv2.boundingRect(inside.view(np.uint8))
        window = np.s_[top : top + height, left : left + width]
        if _is_one_piece(inside[window], is_garment=class_id > 0):
            areas = np.array([cv2.countNonZero(inside.view(np.uint8))])
            islands = inside[window].view(np.uint8)
        else:
            islands, areas = _islands(inside[window], connectivity=8 if class_id else 4)
        limit = areas.max() * SMALLEST_SHARE if class_id else largest * _SMALLEST_HOLE_SHARE
        largest = max(largest, int(areas.max()))
        is_small = areas < max(limit, floor)
        if is_small.any():
            small[window] |= np.concatenate([[False], is_small])[islands]
    return _fill_from_nearest(mask, small)


def _is_one_piece(inside: NDArray[np.bool_], *, is_garment: bool) -> bool:
    """Whether it is one island, by outlines, which takes a fraction of the time that it takes to
    number the islands. Also False for a background in one piece that meets the frame in several
    places."""
    pixels = inside.view(np.uint8)
    garment = pixels if is_garment else 1 - pixels
    outlines, order = cv2.findContours(garment, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    holes = int(np.count_nonzero(order[0, :, _PARENT] >= 0)) if outlines else 0
    if is_garment:
        return len(outlines) - holes == 1
    frame = np.concatenate([pixels[0], pixels[1:, -1], pixels[-1, -2::-1], pixels[-2:0:-1, 0]])
    return not holes and int(np.count_nonzero(frame != np.roll(frame, 1))) <= 2


def _islands(
    inside: NDArray[np.bool_], connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number of each pixel's island, 0 where there is none, and the areas of 1, 2, ..."""
    _, islands = cv2.connectedComponents(inside.view(np.uint8), connectivity=connectivity)
    return islands.astype(np.int32, copy=False), np.bincount(islands.ravel())[1:]


def _fill_from_nearest(mask: NDArray[np.uint8], holes: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pixels in `holes` take the value of the nearest pixel that is not."""
    if holes.all() or not holes.any():
        return mask.copy()
    filled = mask.copy()
    filled[holes] = nearest_values(mask, ~holes, holes)
    return filled
