"""Signals: stored with the prediction or the label they belong to, computed a moment later.

A row is written in the transaction of what it belongs to, with version 0. Whoever computes the
values claims it first, and what was computed of a mask or a photo that has changed meanwhile is
dropped. A newer version of the statistics makes every row wait again, also those that an older one
gave up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, case, delete, exists, or_, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.clock import DatabaseTime, database_now
from hemline.store.database.columns import Base, Json
from hemline.store.database.insert import built_once, insert_into
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction
from hemline.store.tables.review import LabelSignals, PredictionSignals

MAX_ATTEMPTS = 5  # of each version; those of older versions are counted as used up

Signals = type[PredictionSignals] | type[LabelSignals]


def keep_prediction(
    session: Session,
    prediction: Prediction,
    *,
    map_digest: str,
    histograms: bytes,
    embedding: bytes,
    flip_dice: float | None,
) -> None:
    """Stores what a prediction's probabilities were, for `values` to be computed from.

    A prediction of another photo replaces it all; one of the same photo changes nothing.
    """
    fresh: dict[str, object] = {
        "image_digest": prediction.image_digest,
        "map_digest": map_digest,
        "histograms": histograms,
        "embedding": embedding,
        "flip_dice": flip_dice,
        "version": 0,
        "values": {},
        "regions": {},
        "predicted_dice": None,
        "predicted_dice_low": None,
        "outline_within_px": None,
        "predicted_seconds": None,
        "drawing_seconds": None,
        "cluster": None,
        "attempts": 0,
        "claimed_at": None,
        "computed_at": None,
    }
    session.execute(
        insert_into(
            session, PredictionSignals, prediction_id=prediction.id, **fresh
        ).on_conflict_do_update(
            index_elements=["prediction_id"],
            set_=fresh,
            where=(PredictionSignals.image_digest != prediction.image_digest)
            | PredictionSignals.map_digest.is_(None),
        )
    )


@dataclass(frozen=True, slots=True)
class StoredMap:
    """Where a prediction's probability map is, and what its classes are: k is labels[k - 1]."""

    map_digest: str
    labels: list[str]


def newest_map(session: Session, task_id: int, image_digest: str) -> StoredMap | None:
    """The map of the newest version's prediction of that photo."""
    row = session.execute(
        select(PredictionSignals.map_digest, ModelVersion.labels)
        .join(Prediction, Prediction.id == PredictionSignals.prediction_id)
        .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
        .where(
            Prediction.task_id == task_id,
            Prediction.image_digest == image_digest,
            PredictionSignals.image_digest == image_digest,
            PredictionSignals.map_digest.is_not(None),
        )
        .order_by(ModelVersion.number.desc())
        .limit(1)
    ).one_or_none()
    return StoredMap(row[0] or "", row[1]) if row is not None else None


def expect_label(session: Session, annotation: Annotation) -> None:
    """Has the signals of an annotation's mask computed, unless they are of that mask already."""
    if not is_usable(annotation):
        session.execute(delete(LabelSignals).where(LabelSignals.annotation_id == annotation.id))
        return
    session.execute(
        _expect(session),
        {
            "annotation_id": annotation.id,
            "mask_digest": annotation.mask_digest,
            "prediction_id": annotation.prediction_id,
            **_NOT_COMPUTED,
        },
    )


def is_usable(annotation: Annotation) -> bool:
    """Whether it counts as a label: it has a mask, and is neither skipped nor deleted."""
    return (
        annotation.mask_digest is not None
        and not annotation.was_cancelled
        and annotation.deleted_at is None
    )


def expect_labels_anew(session: Session, task_id: int) -> None:
    """Has the labels of a task compared again: it has a newer model's prediction now."""
    own = select(Annotation.id).where(Annotation.task_id == task_id)
    session.execute(
        update(LabelSignals)
        .where(LabelSignals.annotation_id.in_(own))
        .values(version=0, attempts=0, claimed_at=None)
    )


def anything_waits(session: Session, version: int, *, window_s: float) -> bool:
    """Whether any row has values of an older version than `version`, or none, and nobody has it."""
    return any(
        session.scalar(select(exists().where(_waits(session, table, version, window_s))))
        for table in (LabelSignals, PredictionSignals)
    )


def claim_labels(
    session: Session, version: int, limit: int, *, window_s: float
) -> Sequence[LabelSignals]:
    """Labels whose values are to be computed, newest first, with their annotations and tasks.

    Nobody else gets them for `window_s` seconds. Each claim is an attempt, of which each version
    has `MAX_ATTEMPTS`.
    """
    ids = session.scalars(
        select(LabelSignals.annotation_id)
        .where(_waits(session, LabelSignals, version, window_s))
        .order_by(LabelSignals.annotation_id.desc())
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    _claim(session, LabelSignals, ids, version)
    return session.scalars(
        select(LabelSignals)
        .where(LabelSignals.annotation_id.in_(ids))
        .options(joinedload(LabelSignals.annotation).joinedload(Annotation.task))
        .order_by(LabelSignals.annotation_id.desc())
        .execution_options(populate_existing=True)
    ).all()


def claim_predictions(
    session: Session, version: int, limit: int, *, window_s: float
) -> Sequence[PredictionSignals]:
    """As `claim_labels`, for predictions, with their tasks and model versions."""
    ids = session.scalars(
        select(PredictionSignals.prediction_id)
        .where(_waits(session, PredictionSignals, version, window_s))
        .order_by(PredictionSignals.prediction_id.desc())
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    _claim(session, PredictionSignals, ids, version)
    return session.scalars(
        select(PredictionSignals)
        .where(PredictionSignals.prediction_id.in_(ids))
        .options(
            joinedload(PredictionSignals.prediction).joinedload(Prediction.task),
            joinedload(PredictionSignals.prediction).joinedload(Prediction.model_version),
        )
        .order_by(PredictionSignals.prediction_id.desc())
        .execution_options(populate_existing=True)
    ).all()


def store_label_values(
    session: Session,
    claimed: LabelSignals,
    *,
    version: int,
    prediction_id: int | None,
    values: Json,
    regions: Json,
    histograms: bytes | None,
    risk: float | None,
) -> bool:
    """Stores what was computed; False, and nothing stored, if the mask is another by now."""
    stored = session.scalar(
        update(LabelSignals)
        .where(
            LabelSignals.annotation_id == claimed.annotation_id,
            LabelSignals.mask_digest == claimed.mask_digest,
        )
        .values(
            version=version,
            prediction_id=prediction_id,
            values=values,
            regions=regions,
            histograms=histograms,
            risk=risk,
            computed_at=DatabaseTime(),
        )
        .returning(LabelSignals.annotation_id)
    )
    return stored is not None


def store_prediction_values(
    session: Session,
    claimed: PredictionSignals,
    *,
    version: int,
    values: Json,
    regions: Json,
    cluster: int | None,
) -> bool:
    """Stores what was computed; False, and nothing stored, if the photo is another by now."""
    stored = session.scalar(
        update(PredictionSignals)
        .where(
            PredictionSignals.prediction_id == claimed.prediction_id,
            PredictionSignals.image_digest == claimed.image_digest,
        )
        .values(
            version=version,
            values=values,
            regions=regions,
            cluster=cluster,
            computed_at=DatabaseTime(),
        )
        .returning(PredictionSignals.prediction_id)
    )
    return stored is not None


def give_up(session: Session, claimed: LabelSignals | PredictionSignals, version: int) -> None:
    """No further attempt at values that this version cannot compute, until the mask or the photo
    changes."""
    spent = MAX_ATTEMPTS * version
    if isinstance(claimed, LabelSignals):
        row: ColumnElement[bool] = LabelSignals.annotation_id == claimed.annotation_id
        session.execute(update(LabelSignals).where(row).values(attempts=spent))
        return
    row = PredictionSignals.prediction_id == claimed.prediction_id
    session.execute(update(PredictionSignals).where(row).values(attempts=spent))


def put_back(session: Session, claimed: LabelSignals | PredictionSignals) -> None:
    """Something else was away: the attempt does not count, and it waits for its window to pass."""
    if isinstance(claimed, LabelSignals):
        row: ColumnElement[bool] = LabelSignals.annotation_id == claimed.annotation_id
        session.execute(update(LabelSignals).where(row).values(attempts=LabelSignals.attempts - 1))
        return
    row = PredictionSignals.prediction_id == claimed.prediction_id
    session.execute(
        update(PredictionSignals).where(row).values(attempts=PredictionSignals.attempts - 1)
    )


def _waits(session: Session, table: Signals, version: int, window_s: float) -> ColumnElement[bool]:
    now, window = database_now(session), timedelta(seconds=window_s)
    return (
        (table.version < version)
        & (table.attempts < MAX_ATTEMPTS * version)
        & or_(table.claimed_at.is_(None), ~table.claimed_at.between(now - window, now + window))
    )


def _claim(session: Session, table: Signals, ids: Sequence[int], version: int) -> None:
    of_older = MAX_ATTEMPTS * (version - 1)
    before = case((table.attempts < of_older, of_older), else_=table.attempts)
    key = LabelSignals.annotation_id if table is LabelSignals else PredictionSignals.prediction_id
    session.execute(
        update(table)
        .where(key.in_(ids))
        .values(claimed_at=database_now(session), attempts=before + 1)
    )


_NOT_COMPUTED: dict[str, object] = {
    "version": 0,
    "values": {},
    "regions": {},
    "histograms": None,
    "risk": None,
    "attempts": 0,
    "claimed_at": None,
    "computed_at": None,
}


def _expect_statement(insert: Callable[[type[Base]], Insert]) -> Insert:
    statement = insert(LabelSignals)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["annotation_id"],
        set_={name: new[name] for name in ("mask_digest", "prediction_id", *_NOT_COMPUTED)},
        where=LabelSignals.mask_digest != new.mask_digest,
    )


_expect = built_once(_expect_statement)
