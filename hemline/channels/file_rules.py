"""Rules on the file: its format, its bytes, its pixels and its shape."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hemline.channels.picture import Picture
from hemline.channels.rule import Measured, Rule, at_least_most, check_range, is_within

_Count = Annotated[int, Field(gt=0, le=10**9)]
_Side = Annotated[int, Field(gt=0, le=100_000)]


class Format(Rule):
    """The file's format is one of `formats`."""

    formats: Annotated[
        list[Literal["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"]], Field(min_length=1)
    ]

    def measure(self, picture: Picture) -> Measured:
        asked = " or ".join(self.formats)
        says = f"the file is {picture.format}; required: {asked}"
        return Measured(picture.format in self.formats, picture.format, asked, says)


class Bytes(Rule):
    """The file has `least` to `most` bytes."""

    least: _Count | None = None
    most: _Count | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        check_range(self.least, self.most)
        return self

    def measure(self, picture: Picture) -> Measured:
        least, most = (None if end is None else end / 1000 for end in (self.least, self.most))
        asked = at_least_most(least, most, " KB")
        says = f"the file has {picture.bytes / 1000:.1f} KB; required: {asked}"
        return Measured(is_within(picture.bytes, self.least, self.most), picture.bytes, asked, says)


class Size(Rule):
    """The sides of the picture in pixels."""

    least_long: _Side | None = None
    most_long: _Side | None = None
    least_short: _Side | None = None
    least_width: _Side | None = None
    least_height: _Side | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.least_long or self.most_long:
            check_range(self.least_long, self.most_long)
        if not any(
            (self.least_long, self.most_long, self.least_short, self.least_width, self.least_height)
        ):
            raise ValueError("it asks for nothing; give least_long, least_width or another side")
        return self

    def measure(self, picture: Picture) -> Measured:
        width, height = picture.width, picture.height
        sides = (
            ("longer side", max(width, height), self.least_long, self.most_long),
            ("shorter side", min(width, height), self.least_short, None),
            ("width", width, self.least_width, None),
            ("height", height, self.least_height, None),
        )
        asked_for = [side for side in sides if side[2] or side[3]]
        asked = ", ".join(
            f"{name} {at_least_most(least, most, ' px')}" for name, _, least, most in asked_for
        )
        good = all(is_within(value, least, most) for _, value, least, most in asked_for)
        says = f"the picture is {width} x {height} px; required: {asked}"
        return Measured(good, f"{width} x {height}", asked, says)


class Aspect(Rule):
    """Width to height, within a share of `tolerance`."""

    width: Annotated[float, Field(gt=0)]
    height: Annotated[float, Field(gt=0)]
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.005

    def measure(self, picture: Picture) -> Measured:
        wanted = self.width / self.height
        is_now = picture.width / picture.height
        # A side is a whole number of pixels, so half a pixel of either is no fault.
        slack = max(self.tolerance, 0.5 / min(picture.width, picture.height))
        asked = f"{self.width:g} : {self.height:g}"
        says = (
            f"the picture is {picture.width} x {picture.height} px, 1 : {1 / is_now:.3f}; asked "
            f"for is {asked}, within {100 * self.tolerance:g} %"
        )
        return Measured(abs(is_now / wanted - 1) <= slack + 1e-9, round(is_now, 4), asked, says)
