"""Review items' numbers in words: the same on the dashboard, in Label Studio and in a terminal."""

from collections.abc import Mapping
from typing import Any

from hemline.reasons import MaskCheck, Reason
from hemline.store.states import ReviewKind


def priority_words(priority: float) -> str:
    """A label's risk or a photo's usefulness, 0 to 1, as a percentage; never 0 % or 100 % of what
    is neither."""
    if 0 < priority < 0.01:
        return "under 1%"
    if 0.99 < priority < 1:
        return "over 99%"
    return f"{priority:.0%}"


def priority_title(kind: ReviewKind) -> str:
    """What the priority of that order is."""
    return "Label risk" if kind is ReviewKind.LABEL else "Usefulness"


def reason_sentences(reasons: Mapping[str, Any]) -> list[str]:
    """Each reason of an item with its evidence; one of another version of Hemline by its name."""
    known = {reason.value: reason.words for reason in Reason}
    return [
        f"{known.get(name, name)}: {evidence_words(name, evidence)}"
        for name, evidence in reasons.items()
    ]


def check_sentences(checks: Mapping[str, Any]) -> list[str]:
    """Each check that stands out in an item's mask, with its number."""
    known = {check.value: check.words for check in MaskCheck}
    return [f"{known.get(name, name)}: {check_words(found)}" for name, found in checks.items()]


def check_words(found: Any) -> str:
    """What a check found, and how it compares; as much of it as is known."""
    if not isinstance(found, Mapping):
        return ""
    said, rank = found.get("sentence"), _number(found.get("percentile"))
    parts = [said] if isinstance(said, str) and said else []
    if rank is not None and rank > 50:
        parts.append(f"worse than {min(int(rank), 99)}% of the project")
    return "; ".join(parts)


def evidence_words(reason: Reason | str, evidence: Any) -> str:
    """What was measured for a reason, and how it compares; as much of it as is known.

    A rank is said where it is above the middle: lower ones say nothing for a reason.
    """
    if not isinstance(evidence, Mapping):
        return ""
    said = evidence.get("sentence") or evidence.get("evidence") or ""
    number, rank = _number(evidence.get("number")), _number(evidence.get("percentile"))
    parts = [said] if isinstance(said, str) and said else []
    if number is not None and not parts:
        parts.append(f"{number:.2f}")
    if rank is not None and rank > 50:
        whose = "label risk" if reason == Reason.BAD_GROUND_TRUTH else ""
        parts.append(f"{whose} higher than {min(int(rank), 99)}% of the project".strip())
    return "; ".join(parts)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
