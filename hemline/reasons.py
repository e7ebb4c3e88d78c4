"""Why an image needs a person: the reasons and their words, and the evidence that is kept of each.

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
