"""Where the garment is in a picture on a plain ground that has no mask and no alpha."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.errors import ImageError

_NEAR = 10  # levels in each channel within which a pixel still shows the ground
_PLAIN = 0.5  # share of the frame's pixels that must show one colour for there to be a ground


def find_garment(rgb: NDArray[np.uint8], name: str) -> NDArray[np.bool_]:
    """All that differs from the colour of the picture's frame and is not joined to it.

    The openings of a garment that show the ground are part of the ground, but not single pixels of
    its colour within the cloth.

    Args:
        rgb: (H, W, 3).
        name: of the picture, in the error.

    Raises:
        ImageError: the frame shows no one colour, so nothing tells the garment from its ground.
    """
    frame = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    colour = np.median(frame, axis=0)
    if (np.abs(frame - colour) <= _NEAR).all(axis=1).mean() < _PLAIN:
        raise ImageError(
            f"picture '{name}' has no plain background to separate its garment from; give its mask "
            "with --masks, or a cut-out with alpha"
        )
    near = (np.abs(rgb - colour.astype(np.float32)) <= _NEAR).all(axis=2)
    labels, stats = cv2.connectedComponentsWithStats(near.astype(np.uint8), connectivity=4)[1:3]
    is_ground = stats[:, cv2.CC_STAT_AREA] >= max(64, near.size // 2000)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    is_ground[np.unique(edge)] = True
    is_ground[0] = False  # what is not near the colour
    return np.asarray(~is_ground[labels])
