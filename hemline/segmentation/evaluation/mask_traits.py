"""What a true mask and its photo say of why a photo is hard: pieces, holes, outline, contrast."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_REACH = 9  # px, side of the square that is looked at on either side of the outline


@dataclass(frozen=True, slots=True)
class MaskTraits:
    """Traits of a garment's mask.

    `area` is its share of the photo, 0 to 1. `pieces` are its parts that do not touch and `holes`
    the openings in them. `complexity` is perimeter² / (4π · area): 1 for a disc, more for a long
    or ragged outline. `edge_contrast` is the mean difference in colour across the outline (ΔE of
    CIE 1976 between the means of both sides within 4 px): 2 is barely seen. Zero and None for an
    empty mask, which has no outline; the contrast is also None where nothing lies outside.
    """

    area: float
    pieces: int
    holes: int
    complexity: float | None
    edge_contrast: float | None


def mask_traits(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> MaskTraits:
    """Traits of a mask (H, W) on its photo (H, W, 3) RGB uint8."""
    pixels = mask.astype(np.uint8)
    outlines, tree = cv2.findContours(pixels, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return MaskTraits(0.0, 0, 0, None, None)
    inner = int(np.count_nonzero(tree[0, :, 3] >= 0))  # an outline within another is a hole's
    perimeter = sum(cv2.arcLength(outline, True) for outline in outlines)
    area = int(np.count_nonzero(mask))
    return MaskTraits(
        area=area / mask.size,
        pieces=len(outlines) - inner,
        holes=inner,
        complexity=perimeter**2 / (4 * np.pi * area),
        edge_contrast=_edge_contrast(image, pixels),
    )


def _edge_contrast(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> float | None:
    # Only the outline's surroundings matter, so what is far from it is not converted.
    left, top, width, height = cv2.boundingRect(mask)
    window = np.s_[
        max(top - _REACH, 0) : top + height + _REACH, max(left - _REACH, 0) : left + width + _REACH
    ]
    inside = mask[window].astype(np.float32)
    outside = 1 - inside
    lab = cv2.cvtColor(image[window].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    edge = (mask[window] - cv2.erode(mask[window], np.ones((3, 3), np.uint8))) > 0
    shares = [_sums(side)[edge] for side in (inside, outside)]
    known = (shares[0] > 0) & (shares[1] > 0)
    if not known.any():
        return None
    means = [
        _sums(lab * side[..., None])[edge][known] / share[known][:, None]
        for side, share in zip((inside, outside), shares, strict=True)
    ]
    return float(np.linalg.norm(means[0] - means[1], axis=1).mean())


def _sums(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums over the square around each pixel; beyond the photo counts as nothing."""
    sums = cv2.boxFilter(
        values, -1, (_REACH, _REACH), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return np.asarray(sums, dtype=np.float32)
