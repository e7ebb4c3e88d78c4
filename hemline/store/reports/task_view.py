"""What people look at: a task with one of its labels, one of its predictions, and its history."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from hemline.store.database.columns import Json
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Project, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewVerdict

_MOST_CHOICES = 500  # of one filter: a list that nobody reads to its end


@dataclass(frozen=True, slots=True)
class JudgedMask:
    """A mask that a judgement compared: the candidate's, or the champion's of its day."""

    evaluation_id: int
    is_champions: bool
    digest: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task beside one label and one prediction, with what was stored about them.

    Attributes:
        map_digest: of the prediction's probability map.
        regions: name to [[x, y], ...] in photo pixels, from the label's signals.
        checks: check to its box in photo pixels, of the label, else of the prediction.
        judged: a judgement's mask, to be shown as the prediction.
    """

    project: Project
    task: Task
    annotation: Annotation | None = None
    prediction: Prediction | None = None
    map_digest: str | None = None
    regions: Json = field(default_factory=dict)
    judged: JudgedMask | None = None
    checks: Json = field(default_factory=dict)

    @property
    def predicted(self) -> str | None:
        """Digest of the mask that a model drew."""
        if self.judged is not None:
            return self.judged.digest
        return self.prediction.mask_digest if self.prediction is not None else None


def find_task_view(
    session: Session,
    project: Project,
    ls_task_id: int,
    *,
    annotation_id: int | None = None,
    prediction_id: int | None = None,
) -> TaskView | None:
    """The task with that annotation and prediction, where they are its own; None: no such task."""
    task = session.scalar(
        select(Task).where(Task.project_id == project.id, Task.ls_task_id == ls_task_id)
    )
    if task is None:
        return None
    annotation = session.get(Annotation, annotation_id) if annotation_id is not None else None
    prediction = (
        session.get(Prediction, prediction_id, options=[joinedload(Prediction.model_version)])
        if prediction_id is not None
        else None
    )
    if annotation is not None and annotation.task_id != task.id:
        annotation = None
    if prediction is not None and prediction.task_id != task.id:
        prediction = None
    of_label = session.get(LabelSignals, annotation.id) if annotation is not None else None
    of_prediction = (
        session.get(PredictionSignals, prediction.id) if prediction is not None else None
    )
    is_current = (
        of_label is not None
        and annotation is not None
        and of_label.mask_digest == annotation.mask_digest
    )
    regions = of_label.regions if of_label is not None and is_current else {}
    of_mask = regions
    if annotation is None and of_prediction is not None:
        of_mask = of_prediction.regions
    return TaskView(
        project,
        task,
        annotation,
        prediction,
        map_digest=of_prediction.map_digest if of_prediction is not None else None,
        regions=regions,
        checks=of_mask.get("checks") or {},
    )


def labels_of(session: Session, task_id: int) -> Sequence[Annotation]:
    """The task's annotations, deleted ones too, newest first, with the pre-fills they came from."""
    return session.scalars(
        select(Annotation)
        .where(Annotation.task_id == task_id)
        .order_by(
            Annotation.deleted_at.is_not(None), Annotation.changed_at.desc(), Annotation.id.desc()
        )
        .options(joinedload(Annotation.prediction).joinedload(Prediction.model_version))
    ).all()


def predictions_of(
    session: Session, task_id: int
) -> Sequence[tuple[Prediction, PredictionSignals | None]]:
    """The task's predictions with their signals, the newest version first."""
    rows = session.execute(
        select(Prediction, PredictionSignals)
        .outerjoin(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
        .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
        .where(Prediction.task_id == task_id)
        .order_by(ModelVersion.number.desc())
        .options(joinedload(Prediction.model_version))
    )
    return [(prediction, signals) for prediction, signals in rows]


def verdicts_on(session: Session, task_id: int) -> Sequence[ReviewVerdict]:
    """What reviewers said of the task, newest first."""
    return session.scalars(
        select(ReviewVerdict)
        .where(ReviewVerdict.task_id == task_id)
        .order_by(ReviewVerdict.id.desc())
    ).all()


@dataclass(frozen=True, slots=True)
class Choices:
    """What a project's images can be filtered by."""

    garment_types: list[str]
    views: list[str]
    photo_sessions: list[str]
    annotators: list[str]


def filter_choices(session: Session, project_id: int) -> Choices:
    """The values that occur, at most 500 each. Reads the whole project: keep what it returns."""

    def values(
        column: InstrumentedAttribute[str], owner: type[Task] | type[Annotation]
    ) -> list[str]:
        found = session.scalars(
            select(column).distinct().where(owner.project_id == project_id).limit(_MOST_CHOICES)
        )
        return sorted(value for value in found if value)

    return Choices(
        values(Task.garment_type, Task),
        values(Task.view, Task),
        values(Task.photo_session, Task),
        values(Annotation.annotator, Annotation),
    )
