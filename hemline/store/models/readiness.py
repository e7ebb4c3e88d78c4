"""How far a project is from its next training, counted without reading what it would train on."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hemline.store.loop.annotations import corrections_since, usable_corrections
from hemline.store.models.runs import counted_run
from hemline.store.states import Split
from hemline.store.tables.loop import Annotation, Project, Task

_COUNTED = (
    1000  # gold garments; a training wants a few, and to count all takes long in a large pool
)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a project has towards its next training."""

    corrections: int  # tasks corrected since the last run that did not fail was queued
    needed: int  # of them that start the next run
    gold_garments: int  # corrected ones, counted up to a thousand
    gold_minimum: int
    has_training_tasks: bool

    @property
    def left(self) -> int:
        """Corrections that the next training still waits for."""
        return max(0, self.needed - self.corrections)


def readiness(
    session: Session, project: Project, *, retrain_after: int, gold_minimum: int
) -> Readiness:
    """What the project has towards its next training.

    retrain_after: the setting's number, where the project has none of its own.
    """
    last = counted_run(session, project.id)
    corrections = corrections_since(session, project.id, last.created_at if last else None)
    usable = (
        select(Task.garment)
        .select_from(Annotation)
        .join(Annotation.task)
        .where(usable_corrections(project.id))
    )
    gold = usable.where(Task.split == Split.GOLD).distinct().limit(_COUNTED).subquery()
    training = usable.where(Task.split == Split.TRAIN).limit(1)
    return Readiness(
        corrections=corrections,
        needed=project.retrain_after or retrain_after,
        gold_garments=session.scalar(select(func.count()).select_from(gold)) or 0,
        gold_minimum=gold_minimum,
        has_training_tasks=session.scalar(training) is not None,
    )
