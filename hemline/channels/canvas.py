"""The frame that a finished cut-out is laid out in."""

from typing import Annotated, Literal

from pydantic import Field

from hemline.channels.keys import Keys, Level
from hemline.channels.picture import WHITE

_Part = Annotated[float, Field(gt=0)]


class Canvas(Keys):
    """How a cut-out is laid out, in its middle.

    Attributes:
        fill: the longer side's share that the garment shall fill.
        aspect: width and height of the frame; without it, the garment's own with even margins.
        background: RGB.
        shadow: how dark a soft shadow below the garment is, 0 to 1; channels that ask for a plain
            background refuse it.
        most_long: the longer side in pixels; larger pictures are scaled down.
        most_bytes: a JPEG that would be larger is compressed more.
    """

    fill: Annotated[float, Field(gt=0, le=1)] = 0.9
    aspect: tuple[_Part, _Part] | None = Field(default=None, strict=False)
    background: tuple[Level, Level, Level] = Field(default=WHITE, strict=False)
    shadow: Annotated[float, Field(ge=0, le=1)] = 0.0
    file: Literal["jpeg", "png"] = "jpeg"
    most_long: Annotated[int, Field(ge=16, le=20_000)] | None = None
    most_bytes: Annotated[int, Field(ge=10_000)] | None = None
