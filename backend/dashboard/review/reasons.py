"""Reasons and verdicts in words for people."""

from dataclasses import dataclass

from hemline.reasons import MaskCheck
from hemline.store.review.review_order import reasons_of
from hemline.store.review.review_words import check_words, evidence_words
from hemline.store.states import Verdict
from hemline.store.tables.review import ReviewItem

VERDICT_TITLES = {
    Verdict.LABEL_WRONG: "label wrong",
    Verdict.MODEL_WRONG: "model wrong",
    Verdict.BOTH_FINE: "fine",
    Verdict.PHOTO_FAULT: "reshoot",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One reason or check of one item as it is told: its title, and its evidence in a sentence."""

    reason: str
    title: str
    meaning: str
    sentence: str


def told_reasons(item: ReviewItem) -> list[Told]:
    """The item's reasons with their numbers, then the checks that stand out in its mask."""
    found = [
        Told(
            reason.value,
            reason.words,
            reason.meaning,
            evidence_words(reason, item.reasons.get(reason.value)),
        )
        for reason in reasons_of(item)
    ]
    checks = [
        Told("check", check.words, "a check of the mask in its photo", check_words(told))
        for check in MaskCheck
        if (told := item.checks.get(check.value)) is not None
    ]
    return found + checks
