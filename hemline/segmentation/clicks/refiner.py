"""The click network in use: a mask, and where a person pointed, to the mask they meant."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.clicks.click_runtime import ClickRuntime
from hemline.segmentation.clicks.maps import RADIUS, Box, Click, pixel_of
from hemline.segmentation.clicks.merge import merge
from hemline.segmentation.clicks.windows import SIDE, Window, lay_back, look, window_at

Inside = NDArray[np.bool_]
Plane = NDArray[np.float32]
Pixels = NDArray[np.uint8]

NAME = "hemline-clicks"

_NEAR = 0.45  # of the photo's longer side: the window of a click
_FAR = 0.9  # and of one whose change did not end within the first
_WHOLE = 1.02
_BOX_MARGIN = 1.25
_SURE = 0.5
_LARGE = 384  # px: the network's input where it must see a whole garment, and then its outline


class ClickRefiner:
    """Changes masks by clicks and boxes. Safe to share between threads: one click is worked on at
    a time."""

    def __init__(self, runtime: ClickRuntime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What answers, as `model_version`."""
        return NAME

    def refine(
        self,
        photo: Pixels,
        probability: Plane | None,
        mask: Inside,
        clicks: Sequence[Click],
        box: Box | None = None,
    ) -> Inside:
        """The mask `(H, W)` bool after the newest click, or within the box if there is one.

        After a click only the part changes that is connected with it. A box says that the garment
        is in it: what the mask has outside is dropped.

        Args:
            photo: (H, W, 3) uint8 RGB.
            probability: (h, w) float32 in 0..1, the label's by the project's champion, at any
                size; None where it has not seen the photo.
            mask: (H, W) bool, as it is.
            clicks: all of this region so far, the newest last.
            box: the newest action if it was a box.

        Raises:
            ValueError: photo and mask differ in size, or there is neither click nor box.
        """
        if photo.shape[:2] != mask.shape:
            raise ValueError(f"the photo is {photo.shape[:2]}, its mask {mask.shape}")
        if box is not None:
            return self._in_box(photo, probability, mask, clicks, box)
        if not clicks:
            raise ValueError("there is neither a click nor a box")
        return self._at_click(photo, probability, mask, clicks)

    def _at_click(
        self, photo: Pixels, probability: Plane | None, mask: Inside, clicks: Sequence[Click]
    ) -> Inside:
        height, width = mask.shape
        newest = clicks[-1]
        row, column = pixel_of(newest, height, width)
        shares = [_NEAR, _FAR] if mask.any() else [_WHOLE]
        changed = mask
        for share in shares:
            side = max(share * max(height, width), min(SIDE, max(height, width)))
            window = window_at(row, column, side, height, width)
            large = share is _WHOLE
            garment, part = self._see(window, photo, probability, mask, clicks, None, large=large)
            rows = slice(part.top, part.top + garment.shape[0])
            columns = slice(part.left, part.left + garment.shape[1])
            own = mask[rows, columns]
            merged = merge(
                own,
                garment,
                row - part.top,
                column - part.left,
                positive=newest.positive,
                radius=max(RADIUS, round(RADIUS * window.side / SIDE)),
            )
            changed = mask.copy()
            changed[rows, columns] = merged
            if not _reaches_out(merged != own, part, mask.shape):
                break
        return changed

    def _in_box(
        self,
        photo: Pixels,
        probability: Plane | None,
        mask: Inside,
        clicks: Sequence[Click],
        box: Box,
    ) -> Inside:
        height, width = mask.shape
        top, bottom = sorted(round(min(max(y, 0), 1) * height) for y in (box.top, box.bottom))
        left, right = sorted(round(min(max(x, 0), 1) * width) for x in (box.left, box.right))
        inside = np.zeros_like(mask)
        if bottom == top or right == left:
            return mask.copy()
        side = max(bottom - top, right - left) * _BOX_MARGIN
        window = window_at((top + bottom) / 2, (left + right) / 2, side, height, width)
        box = replace(box, left=left / width, right=right / width, top=top / height)
        box = replace(box, bottom=bottom / height)
        garment, part = self._see(window, photo, probability, mask, clicks, box, large=True)
        rows = slice(part.top, part.top + garment.shape[0])
        columns = slice(part.left, part.left + garment.shape[1])
        inside[rows, columns] = garment >= _SURE
        outside = np.ones_like(mask)
        outside[top:bottom, left:right] = False
        inside[outside] = False
        return inside

    def _see(
        self,
        window: Window,
        photo: Pixels,
        probability: Plane | None,
        mask: Inside,
        clicks: Sequence[Click],
        box: Box | None,
        *,
        large: bool,
    ) -> tuple[Plane, Window]:
        """How likely each pixel of the window is garment, at the photo's size, and its place.

        `large` looks twice: at the size at which the network finds a garment, and then, with what
        it found, at one at which it sees the outline.
        """
        seen, guides = look(window, photo, probability, mask, clicks, box)
        with self._lock:
            garment = self._runtime.run(seen[None], guides[None])[0]
        if large and window.side > SIDE:
            seen, guides = look(window, photo, None, mask, clicks, box, side=_LARGE)
            found = cv2.resize(garment, (_LARGE, _LARGE), interpolation=cv2.INTER_LINEAR)
            guides[0] = np.rint(np.clip(found, 0, 1) * 255).astype(np.uint8)
            guides[1] = np.where(found >= _SURE, 255, 0)
            with self._lock:
                garment = self._runtime.run(seen[None], guides[None])[0]
        return lay_back(garment, window, *mask.shape)


def _reaches_out(change: Inside, part: Window, shape: tuple[int, ...]) -> bool:
    """Whether a change touches a side of its window that is not the photo's."""
    height, width = change.shape
    sides = (
        (part.top > 0, change[0]),
        (part.left > 0, change[:, 0]),
        (part.top + height < shape[0], change[-1]),
        (part.left + width < shape[1], change[:, -1]),
    )
    return any(inner and bool(edge.any()) for inner, edge in sides)
