"""Anchoring: whether people who start from a pre-fill keep of it what they would not have drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hemline.masks.figures.statistics import Interval, difference_of_means
from hemline.masks.figures.work_times import FEWEST_TIMED
from hemline.store.effort.begun import BEGUN, is_begun
from hemline.store.loop.annotations import usable_corrections
from hemline.store.tables.loop import Annotation

NEWEST = 50_000  # labels that are read


@dataclass(frozen=True, slots=True)
class KeptShares:
    """How much final masks keep of pre-fills that were shown and of those that were kept back, both
    means 0 to 1, and by how much more of the former, with the 95 % interval."""

    shown: float
    kept_back: float
    more: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Anchoring:
    """How far final masks are as their pre-fill was: `shown` labels that began from it, `kept_back`
    whose annotators never saw it, since chance left the task blank.

    `outline` is the share of the outlines within 0.5 % of the photo's diagonal of one another
    (`outline_agreement`), `dice` the Dice; None for fewer than 10 labels on either side.
    """

    shown: int
    kept_back: int
    outline: KeptShares | None
    dice: KeptShares | None

    @property
    def missing(self) -> int:
        """How many more masks drawn from nothing are needed, and after these how many others."""
        return max(0, FEWEST_TIMED - self.kept_back) or max(0, FEWEST_TIMED - self.shown)


def anchoring(session: Session, project_id: int, limit: int = NEWEST) -> Anchoring:
    """Anchoring in the newest labels.

    Labels of the model versions alone of which chance kept some back, since a better model's masks
    agree more, and none whose task was predicted to be dearer to correct, since such are hardly
    ever shown.
    """
    rows = session.execute(
        select(
            BEGUN.model_version_id,
            Annotation.prediction_id.is_not(None),
            Annotation.outline_agreement,
            func.coalesce(Annotation.dice, Annotation.kept_back_dice),
        )
        .join(BEGUN, is_begun())
        .where(
            usable_corrections(project_id),
            Annotation.outline_agreement.is_not(None),
            BEGUN.prefill_dearer.is_(False),
        )
        .order_by(Annotation.changed_at.desc())
        .limit(limit)
    ).all()
    versions = {version for version, was_shown, _, _ in rows if not was_shown}
    both: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for version, was_shown, outline, dice in rows:
        if version in versions:
            both[bool(was_shown)].append((outline or 0.0, dice or 0.0))
    shown, kept_back = both[True], both[False]
    return Anchoring(
        len(shown),
        len(kept_back),
        _kept([pair[0] for pair in shown], [pair[0] for pair in kept_back]),
        _kept([pair[1] for pair in shown], [pair[1] for pair in kept_back]),
    )


def _kept(shown: Sequence[float], kept_back: Sequence[float]) -> KeptShares | None:
    if min(len(shown), len(kept_back)) < FEWEST_TIMED:
        return None
    more, interval = difference_of_means(shown, kept_back)
    return KeptShares(float(np.mean(shown)), float(np.mean(kept_back)), more, interval)
