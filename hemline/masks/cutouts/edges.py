"""The edges that a cut-out can have, from the quickest to the most faithful."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hemline.masks.cutouts.cutout import make_cutout, soften_edge

Pixels = NDArray[np.uint8]


class Edge(StrEnum):
    """How a cut-out ends."""

    HARD = "hard"  # the mask, a pixel is in or out
    SOFTENED = "softened"  # the mask, running out over a pixel or two
    SOFT = "soft"  # the garment's share of each pixel, found by matting: fur and loose threads
    SHEER = "sheer"  # soft, and the holes of mesh and lace are open


def cut_out(
    photo: Pixels, mask: Pixels, edge: Edge, *, garment: NDArray[np.floating] | None = None
) -> Pixels:
    """Cut a garment out of its photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, any non-zero pixel is inside.
        garment: (H, W) probability of garment 0..1, for the edges that matting finds.

    Returns:
        (H, W, 4) uint8 RGBA; clear pixels are black.

    Raises:
        MaskError: the photo and the mask are not of one size.
    """
    if edge is Edge.HARD:
        return make_cutout(photo, (mask > 0).astype(np.uint8) * np.uint8(255))
    if edge is Edge.SOFTENED:
        return make_cutout(photo, soften_edge(mask))
    from hemline.masks.cutouts.matting import cut_out_softly  # which takes seconds to import

    return cut_out_softly(photo, mask, garment=garment, sheer=edge is Edge.SHEER)
