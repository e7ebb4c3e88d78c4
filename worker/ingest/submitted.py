"""An annotation as Label Studio tells of it, read from its JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hemline.errors import LabelStudioError
from hemline.labelstudio.messages import parse_id
from hemline.labelstudio.project.review_fields import verdict_in
from hemline.store.states import Verdict

_LONGEST_WORK_S = 1e8  # three years


@dataclass(frozen=True, slots=True)
class Submitted:
    """An annotation as Label Studio tells of it, in a webhook or when asked."""

    ls_annotation_id: int
    result: Sequence[Any]
    annotator: str
    lead_time_s: float | None
    was_cancelled: bool
    ground_truth: bool
    created_at: datetime | None
    updated_at: datetime | None
    verdict: Verdict | None = None  # the reviewer's choice, if there is one among the answers
    updated_by: str = ""  # who saved last: the reviewer, where the annotator is another


def parse_submitted(values: Any) -> Submitted:
    """An annotation of Label Studio's JSON, with what is odd beside the result left out.

    Raises:
        LabelStudioError: it is no object, has no id or its result is no list.
    """
    if not isinstance(values, Mapping):
        raise LabelStudioError(f"an annotation is a {type(values).__name__}, not an object")
    number = parse_id(values.get("id"), "annotation")
    result = values.get("result") or []
    if not isinstance(result, list):
        raise LabelStudioError(
            f"the result of annotation {number} is a {type(result).__name__}, not a list of regions"
        )
    verdict = verdict_in(result)
    return Submitted(
        ls_annotation_id=number,
        result=result,
        annotator=_annotator(values.get("completed_by")),
        lead_time_s=_seconds(values.get("lead_time")),
        was_cancelled=bool(values.get("was_cancelled")),
        ground_truth=bool(values.get("ground_truth")),
        created_at=parse_time(values.get("created_at")),
        updated_at=parse_time(values.get("updated_at")),
        verdict=Verdict(verdict) if verdict else None,
        updated_by=_annotator(values.get("updated_by")),
    )


def parse_time(text: Any) -> datetime | None:
    """Label Studio's "2026-08-20T10:11:12.123456Z" as an aware datetime; None for anything else."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):  # the last: year 1 or 9999 in another time zone
        return None


def _seconds(value: Any) -> float | None:
    """A time that somebody can have worked; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _LONGEST_WORK_S else None


def _annotator(completed_by: Any) -> str:
    if isinstance(completed_by, Mapping):
        return str(completed_by.get("email") or completed_by.get("id") or "")
    return "" if completed_by is None else str(completed_by)
