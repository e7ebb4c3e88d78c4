"""Pseudo-labels: which of the champion's own masks of unlabelled photos are trained on."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, distinct, exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from hemline.datasets.splits import garment_position
from hemline.store.loop.annotations import usable_corrections
from hemline.store.states import ProblemSource, Split
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Task, TaskProblem

_PER_CORRECTION = 5  # pseudo-labels beside each correction that trains: 97 beside 20 have helped
_MOST = 1000  # in one training, which is to end the same day
_FEWEST = 10  # fewer change no network, nor do fewer than half as many as there are corrections
_LENT = 0.5  # share of the untouched garments whose photos may be used; the others may become gold
_AT_ONCE = 500  # ids in one query


def choose_pseudo_labels(
    session: Session, version: ModelVersion, *, least_score: float
) -> Sequence[Prediction]:
    """Predictions of the version, with their tasks, to train on beside the project's corrections.

    They are of unlabelled photos whose expected Dice is `least_score` or more, without those that
    carry a mark, that are of the audit set, or whose garment judges models. Of the garments that
    nobody has corrected yet half are left alone, always the same ones, so that they can be gold
    later. If there are more than are wanted, a fixed draw decides: the surest ones are those that
    teach least.
    """
    rows = session.execute(
        select(Prediction.id, Task.ls_task_id, Task.garment, Task.split)
        .join(Prediction.task)
        .where(
            Prediction.model_version_id == version.id,
            Prediction.image_digest == Task.image_digest,
            Prediction.score >= least_score,
            *_may_train(version.project_id),
        )
    ).all()
    training = set(
        session.scalars(
            select(Task.garment)
            .where(Task.project_id == version.project_id, Task.split == Split.TRAIN)
            .distinct()
        )
    ) - {""}
    chosen = [
        (garment_position("pseudo-label", str(ls_task_id), 0), prediction)
        for prediction, ls_task_id, garment, split in rows
        if split is Split.TRAIN or garment in training or _is_lent(garment, ls_task_id)
    ]
    most = min(_MOST, _PER_CORRECTION * _training_corrections(session, version.project_id))
    return _read(session, [prediction for _, prediction in sorted(chosen)[:most]])


def enough(session: Session, project_id: int, chosen: int) -> bool:
    """Whether so many pseudo-labels are worth a training beside the project's corrections."""
    return chosen >= max(_FEWEST, _training_corrections(session, project_id) / 2)


def mark_pseudo_labelled(session: Session, predictions: Sequence[Prediction]) -> None:
    """Has the garments of these predictions' tasks train, once somebody corrects them: a network
    that has seen their photos is not judged on them."""
    ids = [prediction.task_id for prediction in predictions]
    for start in range(0, len(ids), _AT_ONCE):
        session.execute(
            update(Task)
            .where(Task.id.in_(ids[start : start + _AT_ONCE]))
            .values(pseudo_labelled=True)
        )


def _may_train(project_id: int) -> tuple[ColumnElement[bool], ...]:
    judging = select(Task.garment).where(
        Task.project_id == project_id,
        Task.split.in_([Split.GOLD, Split.VALIDATION]),
        Task.garment != "",
    )
    marked = exists().where(
        TaskProblem.task_id == Task.id,
        TaskProblem.source.in_([ProblemSource.TASK, ProblemSource.PHOTO, ProblemSource.PREFILL]),
    )
    return (
        Task.project_id == project_id,
        Task.is_labeled.is_(False),
        Task.in_audit.is_(False),
        or_(Task.split.is_(None), Task.split == Split.TRAIN),
        Task.garment.not_in(judging),
        ~marked,
    )


def _is_lent(garment: str, ls_task_id: int) -> bool:
    name = garment or f"task {ls_task_id}"
    return garment_position("garment of pseudo-labels", name, 0) < _LENT


def _training_corrections(session: Session, project_id: int) -> int:
    statement = (
        select(func.count(distinct(Annotation.task_id)))
        .join(Annotation.task)
        .where(usable_corrections(project_id), Task.split == Split.TRAIN)
    )
    return session.scalar(statement) or 0


def _read(session: Session, ids: Sequence[int]) -> list[Prediction]:
    found: list[Prediction] = []
    for start in range(0, len(ids), _AT_ONCE):
        found += session.scalars(
            select(Prediction)
            .where(Prediction.id.in_(ids[start : start + _AT_ONCE]))
            .options(joinedload(Prediction.task))
        )
    return found
