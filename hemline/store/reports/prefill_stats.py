"""How good pre-fills were: their Dice with the corrections, by model version, and people's time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Integer, and_, cast, func, select
from sqlalchemy.orm import Session

from hemline.masks.figures.statistics import Summary, summarise
from hemline.store.states import Verdict
from hemline.store.tables.loop import Annotation, Prediction
from hemline.store.tables.review import ReviewVerdict

_STEPS = 1000  # Dice is counted in thousandths: what people are shown of it
_NEWEST = 4000  # annotations whose lead times are read

_REMAINDERS = (
    999_983  # keeps sums of products small; a prime, so that ids in step do not fall together
)

Values = NDArray[np.float64]
Count = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class VersionPrefills:
    """One version's pre-fills that were corrected or accepted.

    `dice` (n,) ascending, 0 to 1, in thousandths; `confirmed_bad` are indices of it: labels that a
    reviewer found wrong and that are still as they were. `untouched` of the n were accepted.
    """

    model_version_id: int
    dice: Values
    untouched: int
    confirmed_bad: tuple[int, ...]

    @property
    def summary(self) -> Summary:
        """Mean, median and outliers; the corrected figures leave out what a person confirmed."""
        return _summary(np.round(self.dice * _STEPS).astype(np.int32).tobytes(), self.confirmed_bad)

    @property
    def untouched_share(self) -> float:
        return self.untouched / len(self.dice)


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """Seconds that people spent on the newest annotations, with a pre-fill and without."""

    with_prefill: Values
    without: Values


class PrefillCounts:
    """Counts of pre-fills, kept for as long as nothing that they count has changed."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[tuple[Any, ...], list[Count]]] = {}

    def by_version(self, session: Session, project_id: int) -> list[VersionPrefills]:
        """Every version whose pre-fills people have seen, by its id; counted by the database."""
        stamp = _stamp(session, project_id)
        known = self._kept.get(project_id)
        if known is None or known[0] != stamp:
            known = self._kept[project_id] = (stamp, _counts(session, project_id))
        return _by_version(known[1], _confirmed_bad(session, project_id))


def _stamp(session: Session, project_id: int) -> tuple[Any, ...]:
    """Figures that change with any annotation that is counted, read from one index."""
    step = cast(func.round(Annotation.dice * _STEPS), Integer)
    prefill = Annotation.prediction_id % _REMAINDERS
    row = session.execute(
        select(
            func.count(),
            func.sum(Annotation.prediction_id),
            func.sum(step),
            func.sum(step * prefill),
            func.sum(cast(Annotation.untouched, Integer) * prefill),
        ).where(_measured(project_id))
    ).one()
    return tuple(row)


def _counts(session: Session, project_id: int) -> list[Count]:
    """(version, thousandths of Dice, number, untouched) of all that were corrected."""
    step = cast(func.round(Annotation.dice * _STEPS), Integer)
    rows = session.execute(
        select(
            Prediction.model_version_id,
            step,
            func.count(),
            func.sum(cast(Annotation.untouched, Integer)),
        )
        .select_from(Annotation)
        .join(Prediction, Prediction.id == Annotation.prediction_id)
        .where(_measured(project_id))
        .group_by(Prediction.model_version_id, step)
        .order_by(Prediction.model_version_id, step)
    )
    return [(version, step, number, untouched) for version, step, number, untouched in rows]


def _by_version(counts: Sequence[Count], bad: dict[int, list[float]]) -> list[VersionPrefills]:
    versions = sorted({row[0] for row in counts})
    return [
        _of_version(
            version,
            [(row[1], row[2], row[3]) for row in counts if row[0] == version],
            bad.get(version, []),
        )
        for version in versions
    ]


def lead_times(session: Session, project_id: int) -> LeadTimes:
    """Lead times of the newest annotations; what was skipped counts for neither."""
    rows = session.execute(
        select(Annotation.lead_time_s, Annotation.prediction_id.is_not(None))
        .where(
            Annotation.project_id == project_id,
            Annotation.deleted_at.is_(None),
            Annotation.was_cancelled.is_(False),
            Annotation.lead_time_s.is_not(None),
        )
        .order_by(Annotation.changed_at.desc())
        .limit(_NEWEST)
    ).all()
    return LeadTimes(
        with_prefill=np.array([seconds for seconds, seen in rows if seen], np.float64),
        without=np.array([seconds for seconds, seen in rows if not seen], np.float64),
    )


def _measured(project_id: int) -> ColumnElement[bool]:
    return and_(
        Annotation.project_id == project_id,
        Annotation.dice.is_not(None),
        Annotation.deleted_at.is_(None),
    )


def _confirmed_bad(session: Session, project_id: int) -> dict[int, list[float]]:
    """Dice, by version, of the labels that were found wrong and have not changed since."""
    rows = session.execute(
        select(Prediction.model_version_id, Annotation.id, Annotation.dice)
        .select_from(ReviewVerdict)
        .join(
            Annotation,
            and_(
                Annotation.id == ReviewVerdict.annotation_id,
                Annotation.mask_digest == ReviewVerdict.content_digest,
            ),
        )
        .join(Prediction, Prediction.id == Annotation.prediction_id)
        .where(
            ReviewVerdict.project_id == project_id,
            ReviewVerdict.verdict == Verdict.LABEL_WRONG,
            _measured(project_id),
        )
        .distinct()
    )
    found: dict[int, list[float]] = {}
    for version, _, dice in rows:
        found.setdefault(version, []).append(float(dice or 0))
    return found


def _of_version(
    version: int, counts: Sequence[tuple[int, int, int]], bad: Sequence[float]
) -> VersionPrefills:
    steps = np.array([step for step, _, _ in counts])
    dice = np.repeat(steps, [number for _, number, _ in counts]) / _STEPS
    return VersionPrefills(
        model_version_id=version,
        dice=dice,
        untouched=sum(untouched for _, _, untouched in counts),
        confirmed_bad=_places(dice, bad),
    )


def _places(dice: Values, some: Sequence[float]) -> tuple[int, ...]:
    """An index of its own in `dice` for each of some of its values."""
    taken: list[int] = []
    for value in sorted(round(value * _STEPS) / _STEPS for value in some):
        place = int(np.searchsorted(dice, value - 0.5 / _STEPS))
        taken.append(max(place, taken[-1] + 1) if taken else place)
    return tuple(place for place in taken if place < len(dice))


@lru_cache(maxsize=256)
def _summary(steps: bytes, confirmed_bad: tuple[int, ...]) -> Summary:
    """Kept, since figures of a version that was replaced hardly ever change."""
    dice = np.frombuffer(steps, np.int32) / _STEPS
    return summarise(dice, confirmed_bad=confirmed_bad)
