"""The tables of reviewing: signals, review items, people and what they did."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hemline.reasons import Reason
from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base, Json, Words
from hemline.store.states import ReviewKind, ReviewState, Role, Verdict
from hemline.store.tables.loop import _PLACE, Annotation, Prediction, Task


class PredictionSignals(Base):
    """What a prediction tells about itself, kept so that no ranking ever runs a model.

    The bytes are written with the prediction; `values` follow, computed from them and the photo.
    """

    __tablename__ = "prediction_signals"
    __table_args__ = (Index("ix_prediction_signals_pending", "version", "attempts"),)

    prediction_id: Mapped[int] = mapped_column(
        ForeignKey("prediction.id", ondelete="CASCADE"), primary_key=True
    )
    image_digest: Mapped[str] = mapped_column(Words(64))  # of the photo they were computed from
    map_digest: Mapped[str | None] = mapped_column(Words(64))  # probability map artifact
    histograms: Mapped[bytes | None]  # hemline.masks.figures.histograms
    embedding: Mapped[bytes | None]  # int8
    flip_dice: Mapped[float | None]  # photo's mask against mirrored photo's, 0 to 1
    version: Mapped[int] = mapped_column(default=0)  # of the statistics; 0: values are missing
    values: Mapped[Json] = mapped_column(default=dict)  # signal name to number
    regions: Mapped[Json] = mapped_column(default=dict)  # where to look, in photo pixels
    predicted_dice: Mapped[float | None]  # 0 to 1
    predicted_dice_low: Mapped[float | None]  # its lower bound
    outline_within_px: Mapped[float | None]  # what 9 in 10 outlines of its kind are true within
    predicted_seconds: Mapped[float | None]  # of work on it
    drawing_seconds: Mapped[float | None]  # of work on the photo, from nothing
    cluster: Mapped[int | None]  # of photos that look alike, by the last ranking
    attempts: Mapped[int] = mapped_column(default=0)  # at the values; some for each version
    claimed_at: Mapped[datetime | None]  # when the last attempt began
    computed_at: Mapped[datetime | None]

    prediction: Mapped[Prediction] = relationship()


class LabelSignals(Base):
    """What an annotation's mask tells about itself beside a stored prediction.

    The row is written with the annotation; `values` follow, computed from the stored map.
    """

    __tablename__ = "label_signals"
    __table_args__ = (Index("ix_label_signals_pending", "version", "attempts"),)

    annotation_id: Mapped[int] = mapped_column(
        ForeignKey("annotation.id", ondelete="CASCADE"), primary_key=True
    )
    prediction_id: Mapped[int | None] = mapped_column(  # the one it was compared with
        ForeignKey("prediction.id", ondelete="SET NULL")
    )
    mask_digest: Mapped[str] = mapped_column(Words(64))  # of the label they were computed from
    version: Mapped[int] = mapped_column(default=0)  # of the statistics; 0: values are missing
    values: Mapped[Json] = mapped_column(default=dict)  # signal name to number
    regions: Mapped[Json] = mapped_column(default=dict)  # where to look, in photo pixels
    histograms: Mapped[bytes | None]  # of the prediction inside and outside of this label
    risk: Mapped[float | None]  # that the label is wrong, 0 to 1
    attempts: Mapped[int] = mapped_column(default=0)  # at the values; some for each version
    claimed_at: Mapped[datetime | None]  # when the last attempt began
    computed_at: Mapped[datetime | None]

    annotation: Mapped[Annotation] = relationship()


class ReviewItem(Base):
    """One task's place in one of the two orders, with its reasons; higher priority comes first."""

    __tablename__ = "review_item"
    __table_args__ = (
        UniqueConstraint("task_id", "kind"),
        Index("ix_review_item_order", *_PLACE),
        Index("ix_review_item_reasons", "project_id", "kind", "state", *Reason),
        # The order of the few items with a reason: without it a rare one is looked for in all.
        *(
            Index(
                f"ix_review_item_{reason.value}",
                *_PLACE,
                sqlite_where=text(f"{reason.value} = 1"),
                postgresql_where=text(reason.value),
            )
            for reason in Reason
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    kind: Mapped[ReviewKind]
    state: Mapped[ReviewState] = mapped_column(default=ReviewState.OPEN)
    priority: Mapped[float]  # label risk or usefulness, 0 to 1
    annotation_id: Mapped[int | None] = mapped_column(
        ForeignKey("annotation.id", ondelete="SET NULL")
    )
    prediction_id: Mapped[int | None] = mapped_column(
        ForeignKey("prediction.id", ondelete="SET NULL")
    )
    bad_ground_truth: Mapped[bool] = mapped_column(default=False)
    low_contrast: Mapped[bool] = mapped_column(default=False)
    limited_data: Mapped[bool] = mapped_column(default=False)
    too_complicated: Mapped[bool] = mapped_column(default=False)
    reasons: Mapped[Json] = mapped_column(default=dict)  # reason to number, percentile, region
    checks: Mapped[Json] = mapped_column(default=dict)  # check to number, percentile, box
    views_disagree: Mapped[bool] = mapped_column(default=False)  # the garment's views do
    content_digest: Mapped[str] = mapped_column(Words(64))  # of the label, or of the photo
    settled_digest: Mapped[str | None] = mapped_column(Words(64))  # what the verdict was about
    verdict: Mapped[Verdict | None]
    verdict_by: Mapped[str] = mapped_column(Words(255), default="")
    verdict_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=0)  # two people, one item: the second is told
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    updated_at: Mapped[datetime] = mapped_column(default=DatabaseTime(), onupdate=DatabaseTime())

    task: Mapped[Task] = relationship()
    annotation: Mapped[Annotation | None] = relationship()
    prediction: Mapped[Prediction | None] = relationship()


class ReviewVerdict(Base):
    """A verdict as it was given, with the signals of what it was given on. Never changed: the item
    goes on to the next label, and what was learned of the last one stays."""

    __tablename__ = "review_verdict"
    __table_args__ = (Index("ix_review_verdict_project_id", "project_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    kind: Mapped[ReviewKind]
    annotation_id: Mapped[int | None] = mapped_column(
        ForeignKey("annotation.id", ondelete="SET NULL")
    )
    content_digest: Mapped[str] = mapped_column(Words(64))  # of the label, or of the photo
    verdict: Mapped[Verdict]
    given_by: Mapped[str] = mapped_column(Words(255), default="")
    given_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    risk: Mapped[float | None]  # what the ranking had said, before any verdict
    annotator: Mapped[str] = mapped_column(Words(255), default="", server_default="")
    made_at: Mapped[datetime | None]  # the label that was judged; None: not known
    dice: Mapped[float | None]  # pre-fill against the label that was judged
    values: Mapped[Json] = mapped_column(default=dict)  # signals of the label that was judged


class Person(Base):
    """Somebody who may log in to the dashboard."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Words(255), unique=True)  # what they log in with
    password_hash: Mapped[str] = mapped_column(Words(255))
    role: Mapped[Role]
    logins_valid_from: Mapped[datetime] = mapped_column(
        default=DatabaseTime()
    )  # later than a log-out
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    last_login_at: Mapped[datetime | None]


class LogInCount(Base):
    """How often a name was tried from an address in the last window; without a name, any name."""

    __tablename__ = "log_in_count"
    __table_args__ = (
        UniqueConstraint("name", "address"),
        Index("ix_log_in_count_began_at", "began_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Words(255))
    address: Mapped[str] = mapped_column(Words(255))
    attempts: Mapped[int]
    began_at: Mapped[datetime]


class AuditEvent(Base):
    """What a person changed, written in the same transaction; or who tried in vain to log in."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_project_id", "project_id", "id"),
        Index("ix_audit_event_action", "action", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    person: Mapped[str] = mapped_column(Words(255))  # the name: events outlive people
    action: Mapped[str] = mapped_column(Words(64))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="SET NULL"))
    target: Mapped[str] = mapped_column(Words(255), default="")  # "task 12", "version 3"
    details: Mapped[Json] = mapped_column(default=dict)
