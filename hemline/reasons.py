"""Why an image needs a person: reasons and checks, their words, and the evidence kept of each.

Active learning finds them, the store keeps them, pages and terminals print them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Points = list[list[float]]


class Reason(StrEnum):
    """A reason's database value, its words for people, and what it means. Several may hold; each is
    a column of the review items too."""

    BAD_GROUND_TRUTH = "bad_ground_truth", "Bad ground truth", "the label itself is likely wrong"
    LOW_CONTRAST = (
        "low_contrast",
        "Low contrast",
        "garment and background hardly differ along the outline",
    )
    LIMITED_DATA = "limited_data", "Limited data", "the model has seen few photos like this one"
    TOO_COMPLICATED = "too_complicated", "Too complicated", "an outline that is hard to follow"

    words: str
    meaning: str

    def __new__(cls, value: str, words: str = "", meaning: str = "") -> "Reason":
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.words = words
        reason.meaning = meaning
        return reason


class MaskCheck(StrEnum):
    """A check of a mask in its photo: its stored name, its words, and what it says of a number."""

    HALO = "halo", "Halo", "the outer 2 px of the mask show the backdrop: {:.0f} ΔE off the garment"
    CUT_BY_FRAME = (
        "cut_by_frame",
        "Cut by the frame",
        "the garment leaves the photo on {:.0%} of a side",
    )
    STRAY_PARTS = "stray_parts", "Stray parts", "specks apart from the garment: {:.0f}"
    FILLED_OPENING = (
        "filled_opening",
        "Opening filled",
        "backdrop within the mask, {:.1%} of its area",
    )
    LOST_STRAP = (
        "lost_strap",
        "Thin part left out",
        "a thin part in the garment's colour is not in the mask, as long as {:.0%} of its size",
    )
    REMNANT = (
        "remnant",
        "Something foreign",
        "a part at the edge has a colour that the garment has nowhere else, {:.1%} of the mask",
    )
    UNEVEN_SIDES = (
        "uneven_sides",
        "Sides differ",
        "one side has what the other leaves out, {:.1%} of the mask",
    )
    JAGGED = "jagged", "Jagged outline", "the outline is {:.0%} longer than a smooth one"
    STRAIGHT = "straight", "Ruler-straight outline", "{:.0%} of the outline is straight lines"
    BLUR = "blur", "Blurred photo", "a blur of {:.2f}; sharp photos have 0.4"
    LOW_RESOLUTION = "low_resolution", "Few pixels", "the garment's longer side has {:.0f} px"

    words: str
    says: str

    def __new__(cls, value: str, words: str = "", says: str = "") -> "MaskCheck":
        check = str.__new__(cls, value)
        check._value_ = value
        check.words = words
        check.says = says
        return check

    def sentence(self, number: float) -> str:
        """What the number means."""
        return self.says.format(number)


@dataclass(frozen=True, slots=True)
class FoundCheck:
    """A check that stands out in one image: its number, and the share of the project that does
    better, 0..100; `box` is left, top, width and height in photo pixels."""

    check: MaskCheck
    number: float
    percentile: float
    box: list[int] | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, as a review item keeps them by check."""
        return {
            "number": round(self.number, 6),
            "percentile": round(self.percentile, 2),
            "sentence": self.check.sentence(self.number),
            "box": self.box,
        }


@dataclass(frozen=True, slots=True)
class Region:
    """Where to look, in photo pixels: a closed "polygon" or an open "line" of x, y."""

    kind: str
    points: Points

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they are stored."""
        return {"kind": self.kind, "points": self.points}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason of one image: its number, what share of the project has a lower one, and where.

    `percentile` is 0..100, 50 for an image alone in its project, None where nothing is compared.
    """

    reason: Reason
    number: float
    percentile: float | None
    sentence: str
    region: Region | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, as a review item keeps them by reason."""
        return {
            "number": round(self.number, 6),
            "percentile": None if self.percentile is None else round(self.percentile, 2),
            "sentence": self.sentence,
            "region": None if self.region is None else self.region.as_json(),
        }
