"""How far a project is from its next training, counted without reading what it would train on."""

from dataclasses import dataclass

from sqlalchemy import case, distinct, func, select
from sqlalchemy.orm import Session

from hemline.store.annotations import corrections_since, usable_corrections
from hemline.store.runs import last_run
from hemline.store.states import Split
from hemline.store.tables import Annotation, Project, Task


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a project has towards its next training."""

    corrections: int  # tasks corrected since the last run was queued
    needed: int  # of them that start the next run
    gold_garments: int
    gold_minimum: int
    training_tasks: int

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
    last = last_run(session, project.id)
    corrections = corrections_since(session, project.id, last.created_at if last else None)
    gold_garments, training_tasks = session.execute(
        select(
            func.count(distinct(case((Task.split == Split.GOLD, Task.garment)))),
            func.count(distinct(case((Task.split == Split.TRAIN, Task.id)))),
        )
        .select_from(Annotation)
        .join(Annotation.task)
        .where(usable_corrections(project.id))
    ).one()
    return Readiness(
        corrections=corrections,
        needed=project.retrain_after or retrain_after,
        gold_garments=gold_garments,
        gold_minimum=gold_minimum,
        training_tasks=training_tasks,
    )
