"""Rules on pixels: the ground around the garment, stray parts, the rim and blur."""

from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hemline.channels.keys import Level
from hemline.channels.picture import Picture, PixelArea
from hemline.channels.rule import Measured, Rule, Share, at_least_most, is_within
from hemline.masks.cutouts.edge_quality import blur_of, fringe_difference

_SEEN = 8  # of 255: a pixel less covered than that is not seen
_JPEG_BLOCK = 16  # px: how far colours run beside an edge in a JPEG
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Background(Rule):
    """Around the garment every pixel is `colour`, within `tolerance` levels a channel.

    `rim` pixels next to the garment do not count, for its edge mixes both; in formats that change
    colours where they meet, 16 do not. A share of `most` of the ground may be otherwise.
    """

    colour: tuple[Level, Level, Level] = Field(strict=False)
    tolerance: Level = 0
    rim: Annotated[int, Field(ge=0, le=200)] = 4
    most: Share = 0.0

    def measure(self, picture: Picture) -> Measured:
        wanted = ",".join(str(level) for level in self.colour)
        asked = wanted if not self.tolerance else f"{wanted} within {self.tolerance} levels"
        ground = self._ground(picture)
        if not ground.any():
            return Measured(True, 0.0, asked, "the garment leaves no ground to look at")
        off = np.abs(picture.rgb.astype(np.int16) - np.array(self.colour, np.int16)).max(axis=2)
        wrong = ground & (off > self.tolerance)
        share = float(wrong.sum() / ground.sum())
        good = is_within(share, None, self.most)
        if not wrong.any():
            return Measured(True, 0.0, asked, f"the ground is {asked} everywhere")
        off[~wrong] = 0
        row, column = np.unravel_index(int(off.argmax()), off.shape)
        is_now = ",".join(str(level) for level in picture.rgb[row, column].tolist())
        says = (
            f"{_percent(share)} of the ground is not {asked}; farthest off is {is_now} at "
            f"{column}, {row}"
        )
        left, top, width, height = cv2.boundingRect(wrong.astype(np.uint8))
        return Measured(
            good,
            round(share, 6),
            asked,
            says,
            None if good else PixelArea(left, top, width, height),
        )

    def _ground(self, picture: Picture) -> NDArray[np.bool_]:
        """Where neither the garment nor what runs out from it is."""
        rim = max(self.rim, _JPEG_BLOCK) if picture.lossy else self.rim
        garment = _with_edge(picture)
        if rim:
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
            garment = cv2.dilate(garment, disc).astype(np.uint8)
        return np.asarray(garment == 0)


class Islands(Rule):
    """At most `most` parts lie apart that are smaller than `smaller_than` of the garment.

    What is hardly covered and joined to nothing counts too: a haze that a brush left.
    """

    smaller_than: Annotated[float, Field(gt=0, lt=1)] = 0.005
    most: Annotated[int, Field(ge=0, le=10_000)] = 0

    def measure(self, picture: Picture) -> Measured:
        seen = (picture.cover >= _SEEN).astype(np.uint8)
        stats = cv2.connectedComponentsWithStats(seen, connectivity=8)[2][1:]
        limit = self.smaller_than * float(picture.inside().sum())
        stray = stats[stats[:, cv2.CC_STAT_AREA] < limit]
        asked = at_least_most(None, self.most, "")
        if not len(stray):
            return Measured(True, 0, asked, "no part lies apart")
        largest = stray[stray[:, cv2.CC_STAT_AREA].argmax()]
        box = PixelArea(*(int(largest[k]) for k in range(4)))
        area = int(largest[cv2.CC_STAT_AREA])
        parts = "part lies" if len(stray) == 1 else "parts lie"
        says = (
            f"{len(stray)} small {parts} apart from the garment, the largest of {area} px at "
            f"{box.left}, {box.top}; required: {asked}"
        )
        good = len(stray) <= self.most
        return Measured(good, len(stray), asked, says, None if good else box)


class Fringe(Rule):
    """The garment's rim differs from what is 6 px further in by at most `most` ΔE (CIEDE2000).

    The median around the garment: a backdrop that shines through lifts all of the rim.
    """

    most: Annotated[float, Field(gt=0, le=100)]

    def measure(self, picture: Picture) -> Measured:
        value = fringe_difference(picture.rgb, picture.cover)
        asked = at_least_most(None, self.most, " ΔE")
        if value is None:
            return Measured(True, 0.0, asked, "the garment is too thin to have a rim")
        says = f"the rim differs from the inside by {value:.1f} ΔE; required: {asked}"
        return Measured(is_within(value, None, self.most), round(value, 2), asked, says)


class Blur(Rule):
    """The garment's sharpest edges keep at most `most` of their strength when blurred by 2 px.

    0.4 is a sharp photo at its own size; 1 is one that has no detail of a pixel's size left.
    """

    most: Annotated[float, Field(gt=0, le=2)]

    def measure(self, picture: Picture) -> Measured:
        value = blur_of(picture.rgb, picture.inside())
        asked = at_least_most(None, self.most, "")
        if value is None:
            return Measured(True, 0.0, asked, "the garment is too thin or plain to be judged")
        says = f"the garment's edges have a blur of {value:.2f}; required: {asked}"
        return Measured(is_within(value, None, self.most), round(value, 3), asked, says)


def _with_edge(picture: Picture) -> NDArray[np.uint8]:
    """The garment and the soft pixels that are joined to it, (H, W) 0 or 1."""
    inside = picture.inside()
    seen = (picture.cover > 0).astype(np.uint8)
    labels = cv2.connectedComponents(seen, connectivity=8)[1]
    joined = np.zeros(int(labels.max()) + 1, bool)
    joined[np.unique(labels[inside])] = True
    joined[0] = False
    return np.asarray(joined[labels], np.uint8)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share >= 1e-4 else "less than 0.01 %"
