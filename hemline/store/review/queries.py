"""What a ranking reads: the signals of a project's labels and photos, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import and_, exists, func, select, true, update
from sqlalchemy.orm import Session, aliased, contains_eager

from hemline.store.database.clock import database_now
from hemline.store.database.columns import Json
from hemline.store.states import ModelState, Verdict
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Project, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewVerdict

PAGE = 500


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A task's label with its signals, and those of the prediction that it was compared with."""

    task: Task
    annotation: Annotation
    signals: LabelSignals
    predicted: PredictionSignals | None

    @property
    def embedding(self) -> bytes | None:
        """Of the photo, by the model whose prediction it was compared with."""
        return self.predicted.embedding if self.predicted is not None else None


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """An unlabelled task's photo with the signals of a prediction of it."""

    task: Task
    prediction: Prediction
    signals: PredictionSignals


def signals_to_compare(
    session: Session, task: Task, shown_id: int | None
) -> PredictionSignals | None:
    """Signals of the prediction that a label is best compared with: the champion's of this photo,
    else the one it was made from, else that of the newest version."""
    return session.scalar(
        select(PredictionSignals)
        .join(PredictionSignals.prediction)
        .join(Prediction.model_version)
        .where(Prediction.task_id == task.id, PredictionSignals.map_digest.is_not(None))
        .where(
            true() if task.image_digest is None else Prediction.image_digest == task.image_digest
        )
        .order_by(
            (ModelVersion.state == ModelState.CHAMPION).desc(),
            func.coalesce(Prediction.id == shown_id, False).desc(),
            ModelVersion.number.desc(),
        )
        .limit(1)
        .options(
            contains_eager(PredictionSignals.prediction).contains_eager(Prediction.model_version)
        )
    )


def label_page(
    session: Session, project_id: int, version: int, *, after: int = 0, limit: int = PAGE
) -> tuple[list[LabelRow], int | None]:
    """Labels of the next `limit` labelled tasks, one of each that has its signals, and the last
    task's id; None: there are no more."""
    tasks = session.scalars(
        select(Task.id)
        .where(Task.project_id == project_id, Task.id > after, Task.is_labeled.is_(True))
        .order_by(Task.id)
        .limit(limit)
    ).all()
    if not tasks:
        return [], None
    compared = aliased(PredictionSignals)
    saved_at = func.coalesce(Annotation.ls_updated_at, Annotation.changed_at)
    rows = session.execute(
        select(Task, Annotation, LabelSignals, compared)
        .join(Annotation, Annotation.task_id == Task.id)
        .join(LabelSignals, LabelSignals.annotation_id == Annotation.id)
        .join(compared, compared.prediction_id == LabelSignals.prediction_id, isouter=True)
        .where(Task.id.in_(tasks), LabelSignals.version == version)
        .order_by(Task.id, Annotation.ground_truth.desc(), saved_at.desc(), Annotation.id.desc())
    ).all()
    grouped = groupby(rows, key=lambda row: row[0].id)
    return [LabelRow(*next(group)) for _, group in grouped], tasks[-1]


def photo_page(
    session: Session,
    project_id: int,
    model_version_id: int,
    version: int,
    *,
    after: int = 0,
    limit: int = PAGE,
) -> tuple[list[PhotoRow], int | None]:
    """The next `limit` unlabelled tasks that have that model's prediction with its signals, and
    the last one's id; None: there are no more."""
    rows = session.execute(
        select(Task, Prediction, PredictionSignals)
        .join(Prediction, Prediction.task_id == Task.id)
        .join(PredictionSignals, PredictionSignals.prediction_id == Prediction.id)
        .where(
            Task.project_id == project_id,
            Task.is_labeled.is_(False),
            Task.id > after,
            Prediction.model_version_id == model_version_id,
            PredictionSignals.version == version,
        )
        .order_by(Task.id)
        .limit(limit)
    ).all()
    return [PhotoRow(*row) for row in rows], rows[-1][0].id if rows else None


@dataclass(frozen=True, slots=True)
class KnownDice:
    """A pre-fill that was corrected: its signals, its Dice with the correction, the numbers of the
    correction where it was compared with this pre-fill, and who worked on it for how long."""

    values: Json
    regions: Json
    flip_dice: float | None
    dice: float | None
    garment: str
    garment_type: str
    view: str
    label_values: Json | None
    annotator: str
    lead_time_s: float | None


def known_dice(session: Session, project_id: int, version: int, limit: int) -> list[KnownDice]:
    """The newest corrected pre-fills whose signals are there; not those of labels that a person
    found to be wrong."""
    wrong = exists().where(
        ReviewVerdict.annotation_id == Annotation.id,
        ReviewVerdict.content_digest == Annotation.mask_digest,
        ReviewVerdict.verdict == Verdict.LABEL_WRONG,
    )
    rows = session.execute(
        select(
            PredictionSignals.values,
            PredictionSignals.regions,
            PredictionSignals.flip_dice,
            Annotation.dice,
            Task.garment,
            Task.garment_type,
            Task.view,
            LabelSignals.values,
            Annotation.annotator,
            Annotation.lead_time_s,
        )
        .join(Prediction, Prediction.id == PredictionSignals.prediction_id)
        .join(Annotation, Annotation.prediction_id == Prediction.id)
        .join(Task, Task.id == Annotation.task_id)
        .outerjoin(
            LabelSignals,
            and_(
                LabelSignals.annotation_id == Annotation.id,
                LabelSignals.prediction_id == Prediction.id,
                LabelSignals.version == version,
            ),
        )
        .where(
            Annotation.project_id == project_id,
            Annotation.dice.is_not(None),
            Annotation.deleted_at.is_(None),
            PredictionSignals.version == version,
            ~wrong,
        )
        .order_by(Annotation.id.desc())
        .limit(limit)
    )
    return [KnownDice(*tuple(row)) for row in rows]


def count_new_labels(session: Session, version: int) -> dict[int, int]:
    """Labels whose signals came since the last ranking of their project, by project where there
    are any: one query, however many projects there are."""
    rows = session.execute(
        select(Annotation.project_id, func.count())
        .select_from(LabelSignals)
        .join(LabelSignals.annotation)
        .join(Project, Project.id == Annotation.project_id)
        .where(
            LabelSignals.version == version,
            Project.ranked_at.is_(None) | (LabelSignals.computed_at > Project.ranked_at),
        )
        .group_by(Annotation.project_id)
    )
    return {row[0]: row[1] for row in rows}


def keep_risks(session: Session, risks: Sequence[tuple[int, float]]) -> None:
    """Stores the present risk of labels, by annotation."""
    for annotation_id, risk in risks:
        session.execute(
            update(LabelSignals)
            .where(LabelSignals.annotation_id == annotation_id)
            .values(risk=risk)
        )


def keep_told(session: Session, predicted: Sequence[tuple[int, Json]]) -> None:
    """Stores what a ranking tells of predictions, by id: `predicted_dice`, `predicted_dice_low`,
    `outline_within_px`, `predicted_seconds`, `drawing_seconds` and `cluster`, or some of them."""
    for prediction_id, values in predicted:
        session.execute(
            update(PredictionSignals)
            .where(PredictionSignals.prediction_id == prediction_id)
            .values(**values)
        )


def forget_ranking(session: Session, project_id: int) -> None:
    """The project's ranking cannot be read; the next job learns one."""
    session.execute(update(Project).where(Project.id == project_id).values(ranking_digest=None))


def keep_ranking(session: Session, project_id: int, digest: str, work_times: Json) -> None:
    """Remembers the project's fitted ranking, an artifact, and how well it tells work times."""
    session.execute(
        update(Project)
        .where(Project.id == project_id)
        .values(ranking_digest=digest, work_times=work_times, ranked_at=database_now(session))
    )


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Embedding and cluster of a photo, and the seconds that work on its pre-fill will take, as far
    as they are known."""

    embedding: bytes
    cluster: int | None
    seconds: float | None


def whereabouts_of(session: Session, prediction_ids: Sequence[int]) -> dict[int, Whereabouts]:
    """Where predictions that have an embedding stand, by prediction; ask for some thousands at
    most."""
    rows = session.execute(
        select(
            PredictionSignals.prediction_id,
            PredictionSignals.embedding,
            PredictionSignals.cluster,
            PredictionSignals.predicted_seconds,
        ).where(
            PredictionSignals.prediction_id.in_(prediction_ids),
            PredictionSignals.embedding.is_not(None),
        )
    )
    return {row[0]: Whereabouts(row[1], row[2], row[3]) for row in rows if row[1] is not None}


def labelled_embeddings(session: Session, project_id: int, limit: int) -> list[bytes]:
    """Embeddings of the photos labelled last that have one."""
    rows = session.scalars(
        select(PredictionSignals.embedding)
        .join(LabelSignals, LabelSignals.prediction_id == PredictionSignals.prediction_id)
        .join(Annotation, Annotation.id == LabelSignals.annotation_id)
        .where(
            Annotation.project_id == project_id,
            Annotation.deleted_at.is_(None),
            PredictionSignals.embedding.is_not(None),
        )
        .order_by(Annotation.id.desc())
        .limit(limit)
    )
    return [row for row in rows if row is not None]
