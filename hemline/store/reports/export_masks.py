"""Exports: which mask of which task leaves, page by page in the order of the tasks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.columns import Json
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import usable_corrections
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Annotation, Prediction, Task
from hemline.store.tables.review import ReviewItem

_AT_ONCE = 500
_OF_TASKS = ("garment", "garment_type", "view", "photo_session")
_GOOD_LABEL = (Verdict.BOTH_FINE, Verdict.MODEL_WRONG)


class MaskChoice(StrEnum):
    """Whose masks are exported."""

    CORRECTIONS = "corrections"  # what people submitted
    PREDICTIONS = "predictions"  # what a model version predicted
    BEST = "best"  # the correction where there is one, else the prediction


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Which tasks of a project; what is empty filters nothing.

    Attributes:
        version_id: the model version whose predictions are taken; None takes no predictions.
        annotator: of the correction that would be exported.
        reviewed: only corrections that a reviewer looked at and did not find wrong.
    """

    masks: MaskChoice = MaskChoice.CORRECTIONS
    version_id: int | None = None
    garment: str = ""
    garment_type: str = ""
    view: str = ""
    photo_session: str = ""
    annotator: str = ""
    reviewed: bool = False


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One task and the mask that is exported for it: a correction, or a prediction."""

    task_id: int
    ls_task_id: int
    data: Json
    image_url: str
    image_digest: str | None
    mask_digest: str
    ls_annotation_id: int | None  # None: the mask is a prediction
    ground_truth: bool
    model_version: str | None  # of the prediction, or of the pre-fill that was corrected
    score: float | None
    region_scores: Json
    labels: tuple[str, ...] | None  # whose ids a prediction's mask has; None: the label config's
    row_id: int  # of the annotation or the prediction
    covered_digest: str | None = None  # what lies under other labels, where anything does


def count_export(store: Store, project_id: int, chosen: ExportFilter) -> int:
    """Number of tasks that `export_pages` looks at: those it yields, and a few that fall out."""
    with store.reading() as session:
        statement = select(func.count(Task.id)).where(_chosen(project_id, chosen))
        return session.scalar(statement) or 0


def export_pages(
    store: Store, project_id: int, chosen: ExportFilter
) -> Iterator[tuple[int, list[ExportItem]]]:
    """Pages of items by task, each with how many tasks were looked at for it.

    Of several corrections of a task ground truth comes first, then what was saved last, as in
    training. No transaction stays open between pages.
    """
    after = 0
    while True:
        with store.reading() as session:
            tasks = session.scalars(
                select(Task)
                .where(_chosen(project_id, chosen), Task.id > after)
                .order_by(Task.id)
                .limit(_AT_ONCE)
            ).all()
            items = _items(session, project_id, chosen, tasks)
        if not tasks:
            return
        after = tasks[-1].id
        yield len(tasks), items


def photo_addresses(session: Session, project_id: int) -> Sequence[tuple[int, str]]:
    """Id and photo address of every task of the project, by id."""
    rows = session.execute(
        select(Task.id, Task.image_url).where(Task.project_id == project_id).order_by(Task.id)
    )
    return [(task_id, url) for task_id, url in rows]


def _chosen(project_id: int, chosen: ExportFilter) -> ColumnElement[bool]:
    given = {name: getattr(chosen, name) for name in _OF_TASKS}
    conditions = [
        Task.project_id == project_id,
        *(getattr(Task, name) == value for name, value in given.items() if value),
    ]
    corrected = exists().where(Annotation.task_id == Task.id, usable_corrections(project_id))
    if chosen.annotator:
        corrected = corrected.where(Annotation.annotator == chosen.annotator)
    predicted = exists().where(
        Prediction.task_id == Task.id, Prediction.model_version_id == chosen.version_id
    )
    if chosen.masks is MaskChoice.PREDICTIONS:
        return and_(*conditions, predicted)
    if chosen.masks is MaskChoice.CORRECTIONS or chosen.annotator or chosen.reviewed:
        return and_(*conditions, corrected)
    return and_(*conditions, or_(corrected, predicted))


def _items(
    session: Session, project_id: int, chosen: ExportFilter, tasks: Sequence[Task]
) -> list[ExportItem]:
    ids = [task.id for task in tasks]
    corrections: dict[int, Annotation] = {}
    predictions: dict[int, Prediction] = {}
    if chosen.masks is not MaskChoice.PREDICTIONS:
        corrections = _corrections(session, project_id, ids)
    if chosen.masks is not MaskChoice.CORRECTIONS:
        predictions = _predictions(session, chosen.version_id, ids)
    good = _found_good(session, ids) if chosen.reviewed else None
    items = []
    for task in tasks:
        correction = corrections.get(task.id)
        if correction is not None and (
            (chosen.annotator and correction.annotator != chosen.annotator)
            or (good is not None and correction.id not in good)
        ):
            continue
        if correction is not None:
            items.append(_correction_item(task, correction))
        elif (prediction := predictions.get(task.id)) is not None and task.image_digest in (
            None,
            prediction.image_digest,
        ):
            items.append(_prediction_item(task, prediction))
    return items


def _corrections(
    session: Session, project_id: int, task_ids: Sequence[int]
) -> dict[int, Annotation]:
    saved_at = func.coalesce(Annotation.ls_updated_at, Annotation.changed_at)
    rows = session.scalars(
        select(Annotation)
        .where(usable_corrections(project_id), Annotation.task_id.in_(task_ids))
        .order_by(Annotation.ground_truth, saved_at, Annotation.ls_annotation_id)
        .options(joinedload(Annotation.prediction).joinedload(Prediction.model_version))
    )
    return {row.task_id: row for row in rows}  # the last of a task stays


def _predictions(
    session: Session, version_id: int | None, task_ids: Sequence[int]
) -> dict[int, Prediction]:
    rows = session.scalars(
        select(Prediction)
        .where(Prediction.model_version_id == version_id, Prediction.task_id.in_(task_ids))
        .options(joinedload(Prediction.model_version))
    )
    return {row.task_id: row for row in rows}


def _found_good(session: Session, task_ids: Sequence[int]) -> set[int | None]:
    """Ids of annotations that a reviewer did not find wrong."""
    found = and_(ReviewItem.kind == ReviewKind.LABEL, ReviewItem.verdict.in_(_GOOD_LABEL))
    return set(
        session.scalars(
            select(ReviewItem.annotation_id).where(found, ReviewItem.task_id.in_(task_ids))
        )
    )


def _correction_item(task: Task, row: Annotation) -> ExportItem:
    version = row.prediction.model_version.name if row.prediction is not None else None
    return ExportItem(
        task.id,
        task.ls_task_id,
        task.data,
        task.image_url,
        task.image_digest,
        mask_digest=row.mask_digest or "",
        ls_annotation_id=row.ls_annotation_id,
        ground_truth=row.ground_truth,
        model_version=version,
        score=None,
        region_scores={},
        labels=None,
        row_id=row.id,
        covered_digest=row.covered_digest,
    )


def _prediction_item(task: Task, row: Prediction) -> ExportItem:
    return ExportItem(
        task.id,
        task.ls_task_id,
        task.data,
        task.image_url,
        row.image_digest,
        mask_digest=row.mask_digest,
        ls_annotation_id=None,
        ground_truth=False,
        model_version=row.model_version.name,
        score=row.score,
        region_scores=row.region_scores,
        labels=tuple(row.model_version.labels),
        row_id=row.id,
    )
