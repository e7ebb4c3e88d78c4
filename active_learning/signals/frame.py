"""A label beside its photo at one scale for all, so that no signal depends on the camera.

The photo is cut to the mask with a margin and brought to where the mask's area is 192 x 192 px,
never upwards. What a signal costs is bounded by that, whatever the photo's size.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from active_learning.signals.unlabelled import ignored_at
from hemline.errors import MaskError

SIDE = 192.0  # px, square root of the mask's area in the frame
MARGIN = 0.35  # of that, around the mask's bounding box
_MAX_PIXELS = 2**18

Photo = NDArray[np.uint8]
Mask = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """The cut-out at its working size.

    `lab` is (h, w, 3) float32 CIELAB, L in 0..100; `mask` (h, w) uint8 0/1; `depth` (h, w)
    float32, the signed distance to the mask's outline in frame pixels, positive inside; `ignored`
    (h, w) what nobody labelled, which counts neither as inside nor as outside. A frame
    pixel is `1 / scale` photo pixels, and frame (0, 0) is photo (`left`, `top`). `side` is the
    square root of the mask's area in frame pixels. `photo_size` is (height, width).
    """

    lab: Plane
    mask: Mask
    depth: Plane
    ignored: NDArray[np.bool_]
    scale: float
    left: int
    top: int
    side: float
    photo_size: tuple[int, int]

    def to_photo(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (N, 2) x, y of the frame as photo pixels."""
        return np.asarray(points, dtype=np.float64) / self.scale + [self.left, self.top]


def frame_label(
    photo: Photo, mask: Mask, ignored: NDArray[np.bool_] | None = None, *, finer: float = 1.0
) -> Frame:
    """Cut and scale a photo (H, W, 3) uint8 RGB around the non-zero pixels of a mask (H, W) uint8,
    of which nobody labelled what is `ignored` (H, W). `finer` times as many pixels along a side.

    Raises:
        MaskError: the mask is empty, or not of the photo's size.
    """
    check_sizes(photo, mask)
    inside = (mask > 0).view(np.uint8)
    area = int(np.count_nonzero(inside))
    if not area:
        raise MaskError("mask is empty; a label without a garment has no outline to look at")
    margin = round(MARGIN * area**0.5) + 2
    x, y, width, height = cv2.boundingRect(inside)
    left, top = max(0, x - margin), max(0, y - margin)
    right = min(mask.shape[1], x + width + margin)
    bottom = min(mask.shape[0], y + height + margin)
    pixels = (right - left) * (bottom - top)
    scale = min(1.0, finer * SIDE / area**0.5, finer * (_MAX_PIXELS / pixels) ** 0.5)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    window = np.s_[top:bottom, left:right]
    small = cv2.resize(photo[window], size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(inside[window].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    framed = (share >= 0.5).astype(np.uint8)
    if not framed.any():  # specks thinner than a frame pixel
        framed = (share >= share.max()).astype(np.uint8)
    return Frame(
        lab=_to_lab(small.astype(np.uint8, copy=False)),
        mask=framed,
        depth=signed_depth(framed),
        ignored=ignored_at(None if ignored is None else ignored[window], framed.shape),
        scale=scale,
        left=left,
        top=top,
        side=max(1.0, area**0.5 * scale),
        photo_size=(int(mask.shape[0]), int(mask.shape[1])),
    )


def check_sizes(photo: Photo, mask: Mask) -> None:
    """Refuse a photo or a mask of a wrong shape, or two that do not belong together.

    Raises:
        MaskError: the photo is not (H, W, 3), the mask not (H, W), or their sizes differ.
    """
    if photo.ndim != 3 or photo.shape[2] != 3 or mask.ndim != 2 or not mask.size:
        raise MaskError(f"photo {photo.shape} and mask {mask.shape} are not (H, W, 3) and (H, W)")
    if photo.shape[:2] != mask.shape:
        raise MaskError(
            f"mask is {mask.shape[1]} x {mask.shape[0]} px but its photo {photo.shape[1]} x "
            f"{photo.shape[0]} px; make the two the same size"
        )


def signed_depth(mask: Mask) -> Plane:
    """Distance of each pixel to the outline of a 0/1 mask, in pixels; positive inside.

    Beyond the plane is outside: a mask that ends with the photo has its outline there.
    """
    padded = np.pad(mask, 1)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
    return np.asarray(np.clip(inside - outside, -1e4, 1e4), dtype=np.float32)


def sample_plane(plane: Plane, points: NDArray[np.floating]) -> Plane:
    """Values of a plane (h, w) or (h, w, c) at points (..., 2) x, y, bilinear, edges repeated."""
    flat = np.asarray(points, dtype=np.float32).reshape(1, -1, 2)
    values = cv2.remap(
        plane, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    shaped: Plane = np.asarray(values, dtype=np.float32).reshape(
        *points.shape[:-1], *plane.shape[2:]
    )
    return shaped


def _to_lab(photo: Photo) -> Plane:
    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return cv2.GaussianBlur(lab, (0, 0), 0.8).astype(np.float32, copy=False)


def disc(radius: float) -> NDArray[np.uint8]:
    """A round structuring element of a radius in pixels, at least 1."""
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)
