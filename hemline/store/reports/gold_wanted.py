"""What a person has to correct so that models can be judged, and with that trained."""

from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from hemline.store.loop.annotations import usable_corrections
from hemline.store.loop.splits import garments_by_split, garments_to_gold
from hemline.store.models.readiness import Readiness
from hemline.store.states import ReviewKind, Split
from hemline.store.tables.loop import Annotation, Project, Task
from hemline.store.tables.review import ReviewItem

_NAMED = 5  # garments; more are counted
_LOOKED_AT = 500  # unlabelled tasks, the most useful first


@dataclass(frozen=True, slots=True)
class GoldWanted:
    """How many gold garments are missing, how many garments have to be corrected for that (one
    photo of each will do), and one task of each of the first few, the most useful first."""

    missing: int
    garments: int
    tasks: tuple[Task, ...]


def gold_wanted(
    session: Session,
    project: Project,
    ready: Readiness,
    *,
    gold_share: float,
    validation_share: float,
) -> GoldWanted | None:
    """What is missing; None where there are gold garments enough.

    Which garment becomes gold is settled when the first of its photos is corrected, in turn, so
    garments that nobody has begun are named; gold ones whose correction was taken back come first.
    """
    missing = ready.gold_minimum - ready.gold_garments
    if missing <= 0:
        return None
    counts = garments_by_split(session, project.id)
    begun = counts.get(Split.GOLD, 0)
    lapsed = min(missing, begun - ready.gold_garments)
    number = lapsed + garments_to_gold(
        counts,
        missing - lapsed,
        gold_share=gold_share,
        validation_share=validation_share,
        gold_minimum=ready.gold_minimum,
    )
    return GoldWanted(missing, number, _tasks(session, project.id, min(number, _NAMED)))


def _tasks(session: Session, project_id: int, limit: int) -> tuple[Task, ...]:
    begun = select(Task.garment).where(
        Task.project_id == project_id, Task.split.is_not(None), Task.garment != ""
    )
    corrected = (
        select(Task.garment)
        .select_from(Annotation)
        .join(Annotation.task)
        .where(usable_corrections(project_id))
    )
    statement = (
        select(Task)
        .outerjoin(
            ReviewItem, and_(ReviewItem.task_id == Task.id, ReviewItem.kind == ReviewKind.PHOTO)
        )
        .where(
            Task.project_id == project_id,
            Task.is_labeled.is_(False),
            or_(
                and_(Task.split.is_(None), Task.garment.not_in(begun)),
                and_(Task.split == Split.GOLD, Task.garment.not_in(corrected)),
            ),
        )
        .order_by(
            Task.split.is_(None),
            ReviewItem.priority.is_(None),
            ReviewItem.priority.desc(),
            Task.ls_task_id,
        )
        .limit(_LOOKED_AT)
    )
    found: dict[str, Task] = {}
    for task in session.scalars(statement):
        found.setdefault(task.garment or f"task {task.ls_task_id}", task)
        if len(found) == limit:
            break
    return tuple(found.values())
