"""Rules on where the garment is in the frame: fill, margins, centring, and whether it is cut."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hemline.channels.picture import Picture, PixelArea, frame_contact
from hemline.channels.rule import Measured, Rule, Share, at_least_most, check_range, is_within

_FILL = {
    "longer_side": "the longer side of the frame",
    "box_area": "the frame with its box",
    "mask_area": "the frame with its own area",
}


class Fill(Rule):
    """How much of the frame the garment fills.

    `of` says what fill is, for no channel does: "longer_side" is the box's share of the frame's
    width or height, whichever is larger; "box_area" the share of the box in the frame's area,
    "mask_area" that of the garment's own pixels.
    """

    of: Literal["longer_side", "box_area", "mask_area"]
    least: Share | None = None
    most: Share | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        check_range(self.least, self.most)
        return self

    def measure(self, picture: Picture) -> Measured:
        value = self._fill(picture)
        least, most = (None if end is None else 100 * end for end in (self.least, self.most))
        asked = at_least_most(least, most, " %")
        says = f"the garment fills {100 * value:.1f} % of {_FILL[self.of]}; required: {asked}"
        good = is_within(value, self.least, self.most)
        return Measured(good, round(value, 4), asked, says, None if good else picture.box)

    def _fill(self, picture: Picture) -> float:
        box, frame = picture.box, picture.width * picture.height
        if self.of == "longer_side":
            return max(box.width / picture.width, box.height / picture.height)
        if self.of == "box_area":
            return box.width * box.height / frame
        return int(picture.inside().sum()) / frame


class Margin(Rule):
    """The ground on each side of the garment is at least `least` of the frame's side."""

    least: Annotated[float, Field(gt=0, lt=0.5)]

    def measure(self, picture: Picture) -> Measured:
        box = picture.box
        right = picture.width - box.left - box.width
        bottom = picture.height - box.top - box.height
        margins = {
            "left": box.left / picture.width,
            "right": right / picture.width,
            "top": box.top / picture.height,
            "bottom": bottom / picture.height,
        }
        side = min(margins, key=lambda name: margins[name])
        asked = at_least_most(100 * self.least, None, " %")
        says = f"the margin at the {side} is {100 * margins[side]:.1f} %; required: {asked}"
        good = is_within(margins[side], self.least, None)
        return Measured(good, round(margins[side], 4), asked, says, None if good else box)


class Centre(Rule):
    """The middle of the garment's box is off the frame's by at most `most` of a side."""

    most: Annotated[float, Field(gt=0, lt=0.5)]

    def measure(self, picture: Picture) -> Measured:
        box = picture.box
        across = abs((box.left + box.width / 2) / picture.width - 0.5)
        down = abs((box.top + box.height / 2) / picture.height - 0.5)
        off = max(across, down)
        way = "sideways" if across >= down else "up or down"
        asked = at_least_most(None, 100 * self.most, " %")
        says = f"the garment is {100 * off:.1f} % off the centre {way}; required: {asked}"
        good = is_within(off, None, self.most)
        return Measured(good, round(off, 4), asked, says, None if good else box)


class CutByFrame(Rule):
    """The garment touches the frame on at most `most_pixels` of any side."""

    most_pixels: Annotated[int, Field(ge=0, le=100_000)] = 0

    def measure(self, picture: Picture) -> Measured:
        touched = frame_contact(picture.cover) if picture.cut is None else picture.cut
        side = max(touched, key=lambda name: touched[name])
        pixels = touched[side]
        asked = at_least_most(None, self.most_pixels, " px")
        if not pixels:
            return Measured(True, 0, asked, "the garment touches no side of the frame")
        of = "the photo's frame" if picture.cut is not None else "the frame"
        says = f"the garment is cut off at the {side} of {of}, on {pixels} px; required: {asked}"
        good = pixels <= self.most_pixels
        where = None if good or picture.cut is not None else _at(side, picture)
        return Measured(good, pixels, asked, says, where)


def _at(side: str, picture: Picture) -> PixelArea:
    width, height = picture.width, picture.height
    deep = max(1, min(width, height) // 50)
    return {
        "top": PixelArea(0, 0, width, deep),
        "bottom": PixelArea(0, height - deep, width, deep),
        "left": PixelArea(0, 0, deep, height),
        "right": PixelArea(width - deep, 0, deep, height),
    }[side]
