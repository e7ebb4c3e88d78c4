"""Reasons and verdicts in words for people."""

from dataclasses import dataclass

from hemline.store.review.review_order import reasons_of
from hemline.store.review.review_words import evidence_words
from hemline.store.states import Reason, Verdict
from hemline.store.tables.review import ReviewItem

REASON_TITLES = {
    Reason.BAD_GROUND_TRUTH: "Bad ground truth",
    Reason.LOW_CONTRAST: "Low contrast",
    Reason.LIMITED_DATA: "Limited data",
    Reason.TOO_COMPLICATED: "Too complicated",
}
REASON_MEANINGS = {
    Reason.BAD_GROUND_TRUTH: "the label itself is likely wrong",
    Reason.LOW_CONTRAST: "garment and background hardly differ along the outline",
    Reason.LIMITED_DATA: "the model has seen few photos like this one",
    Reason.TOO_COMPLICATED: "an outline that is hard to follow",
}
VERDICT_TITLES = {
    Verdict.LABEL_WRONG: "label wrong",
    Verdict.MODEL_WRONG: "model wrong",
    Verdict.BOTH_FINE: "fine",
    Verdict.PHOTO_FAULT: "reshoot",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One reason of one item as it is told: its title, and its evidence in a sentence."""

    reason: str
    title: str
    meaning: str
    sentence: str


def told_reasons(item: ReviewItem) -> list[Told]:
    """The item's reasons with their numbers."""
    return [
        Told(
            reason.value, REASON_TITLES[reason], REASON_MEANINGS[reason],
            evidence_words(reason, item.reasons.get(reason.value)),
        )
        for reason in reasons_of(item)
    ]  # fmt: skip
