"""Reasons and verdicts in words for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hemline.store.review import reasons_of
from hemline.store.review_tables import ReviewItem
from hemline.store.states import Reason, ReviewKind, Verdict

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
            _sentence(item.reasons.get(reason.value)),
        )
        for reason in reasons_of(item)
    ]  # fmt: skip


def priority_title(kind: ReviewKind) -> str:
    """What the priority of that order is."""
    return "Label risk" if kind is ReviewKind.LABEL else "Usefulness"


def _sentence(evidence: Any) -> str:
    """What was measured, and how it compares; as much of it as is known."""
    if not isinstance(evidence, Mapping):
        return ""
    said = evidence.get("sentence") or evidence.get("evidence") or ""
    number = _number(evidence, "number", "value")
    rank = _number(evidence, "percentile")
    parts = [said] if isinstance(said, str) and said else []
    if number is not None and not parts:
        parts.append(f"{number:.2f}")
    if rank is not None:
        parts.append(f"higher than {min(rank, 99.9):.0f}\N{NO-BREAK SPACE}% of the project")
    return "; ".join(parts)


def _number(evidence: Mapping[str, Any], *names: str) -> float | None:
    for name in names:
        value = evidence.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None
