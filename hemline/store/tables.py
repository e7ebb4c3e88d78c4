"""The tables of the store: what Hemline remembers, and how its rows belong together."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Json = dict[str, Any]


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    GOLD = "gold"


class ModelState(StrEnum):
    CANDIDATE = "candidate"  # trained, not judged yet
    CHAMPION = "champion"  # the one that pre-fills; one a project
    RETIRED = "retired"  # was champion
    REJECTED = "rejected"  # judged, not better


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RunTrigger(StrEnum):
    CORRECTIONS = "corrections"
    SCHEDULE = "schedule"
    BUTTON = "button"
    COMMAND = "command"


class DeliveryState(StrEnum):
    NEW = "new"
    DONE = "done"
    FAILED = "failed"


class JobKind(StrEnum):
    PREDICT_POOL = "predict_pool"
    RANK = "rank"
    EXPORT = "export"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ReviewKind(StrEnum):
    LABEL = "label"  # a labelled photo: is its label wrong?
    PHOTO = "photo"  # one without a label: would a label help?


class ReviewState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Verdict(StrEnum):
    LABEL_WRONG = "label_wrong"
    MODEL_WRONG = "model_wrong"
    BOTH_FINE = "both_fine"
    PHOTO_FAULT = "photo_fault"  # reshoot


class Reason(StrEnum):
    """Why a review item is where it is; several may hold. Each is a column of ReviewItem too."""

    BAD_GROUND_TRUTH = "bad_ground_truth"
    LOW_CONTRAST = "low_contrast"
    LIMITED_DATA = "limited_data"
    TOO_COMPLICATED = "too_complicated"


class Role(StrEnum):
    VIEWER = "viewer"  # looks
    REVIEWER = "reviewer"  # and gives verdicts
    ADMIN = "admin"  # and promotes, rolls back, exports, manages people


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on every database: SQLite keeps no time zone by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"datetime {value!r} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that every database takes, whatever people and other programs have put into it.

    Cut to its length, without U+0000 (PostgreSQL refuses it) and half surrogate pairs (no UTF-8).
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        whole = value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
        return whole[: self.length]


def utcnow() -> datetime:
    return datetime.now(UTC)


def _enum(kind: type[StrEnum]) -> Enum:
    return Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        name=kind.__name__.lower(),
    )


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        Json: JSON().with_variant(JSONB(), "postgresql"),
        list[str]: JSON().with_variant(JSONB(), "postgresql"),
        Split: _enum(Split),
        ModelState: _enum(ModelState),
        RunState: _enum(RunState),
        RunTrigger: _enum(RunTrigger),
        DeliveryState: _enum(DeliveryState),
        JobKind: _enum(JobKind),
        JobState: _enum(JobState),
        ReviewKind: _enum(ReviewKind),
        ReviewState: _enum(ReviewState),
        Verdict: _enum(Verdict),
        Role: _enum(Role),
    }


class Project(Base):
    """A Label Studio project that Hemline pre-fills."""

    __tablename__ = "project"

    id: Mapped[int] = mapped_column(primary_key=True)
    ls_project_id: Mapped[int] = mapped_column(unique=True)
    ls_key: Mapped[str] = mapped_column(Words(64), default="")  # "id.created_ts", from /setup
    title: Mapped[str] = mapped_column(Words(), default="")
    label_config: Mapped[str] = mapped_column(Words(), default="")
    problem: Mapped[str | None] = mapped_column(Words())  # why the project cannot be pre-filled
    recipe: Mapped[str | None] = mapped_column(Words(255))  # None: the setting's recipe
    retrain_after: Mapped[int | None]  # None: the setting's number
    accept_above: Mapped[float | None]  # predicted Dice that is accepted unseen; None: none is
    accept_threshold: Mapped[float | None]  # the same, moved by what the audit found
    audit_share: Mapped[float] = mapped_column(default=0.1)  # of those, what a person sees still
    ranking_digest: Mapped[str | None] = mapped_column(Words(64))  # artifact of its fitted ranking
    ranked_at: Mapped[datetime | None]
    reconciled_until: Mapped[datetime | None]  # Label Studio's updated_at, the last one seen
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class Task(Base):
    """One photo to annotate. All views of a garment share a split, and it never changes."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("project_id", "ls_task_id"),
        Index("ix_task_project_garment", "project_id", "garment"),
        Index(
            "ix_task_shown",
            "project_id",
            sqlite_where=text("shown_priority IS NOT NULL"),
            postgresql_where=text("shown_priority IS NOT NULL"),
        ),
        Index("ix_task_project_labeled", "project_id", "is_labeled"),
        Index(
            "ix_task_problem",
            "project_id",
            sqlite_where=text("problem IS NOT NULL"),
            postgresql_where=text("problem IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    ls_task_id: Mapped[int]
    data: Mapped[Json] = mapped_column(default=dict)
    image_url: Mapped[str] = mapped_column(Words(), default="")
    garment: Mapped[str] = mapped_column(Words(255), default="")
    view: Mapped[str] = mapped_column(Words(64), default="")
    garment_type: Mapped[str] = mapped_column(Words(64), default="")  # from the task's data
    photo_session: Mapped[str] = mapped_column(Words(64), default="")  # from the task's data
    image_digest: Mapped[str | None] = mapped_column(Words(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    split: Mapped[Split | None]
    is_labeled: Mapped[bool] = mapped_column(default=False)
    in_audit: Mapped[bool] = mapped_column(default=False)  # drawn at random: keeps estimates honest
    accepted_at: Mapped[datetime | None]  # its mask was good enough to be taken unseen
    shown_priority: Mapped[float | None]  # in Label Studio, with the reasons; None: not shown
    problem: Mapped[str | None] = mapped_column(Words())  # the clear mark on this task
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    project: Mapped[Project] = relationship()
    annotations: Mapped[list["Annotation"]] = relationship(back_populates="task")
    predictions: Mapped[list["Prediction"]] = relationship(back_populates="task")


class Annotation(Base):
    """What a person submitted for a task. A deleted one stays, marked, for old snapshots."""

    __tablename__ = "annotation"
    __table_args__ = (
        UniqueConstraint("project_id", "ls_annotation_id"),
        Index("ix_annotation_project_changed", "project_id", "changed_at"),
        # All that is counted of pre-fills, read without a look at the rows.
        Index(
            "ix_annotation_prefill",
            "project_id",
            "prediction_id",
            "dice",
            "untouched",
            "deleted_at",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), index=True)
    ls_annotation_id: Mapped[int]
    prediction_id: Mapped[int | None] = mapped_column(  # the pre-fill it was made from
        ForeignKey("prediction.id", ondelete="SET NULL")
    )
    mask_digest: Mapped[str | None] = mapped_column(Words(64))  # class-id PNG; None: unusable
    width: Mapped[int | None]
    height: Mapped[int | None]
    annotator: Mapped[str] = mapped_column(Words(255), default="")
    lead_time_s: Mapped[float | None]
    was_cancelled: Mapped[bool] = mapped_column(default=False)  # "Skip"
    ground_truth: Mapped[bool] = mapped_column(default=False)
    untouched: Mapped[bool] = mapped_column(default=False)  # the pre-fill was accepted as it was
    dice: Mapped[float | None]  # pre-fill against correction, 0 to 1, foreground
    verdict: Mapped[Verdict | None]  # the reviewer's choice that came with the last save
    problem: Mapped[str | None] = mapped_column(Words())
    ls_updated_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)  # last change of the mask
    deleted_at: Mapped[datetime | None]

    task: Mapped[Task] = relationship(back_populates="annotations")
    prediction: Mapped["Prediction | None"] = relationship()


class Prediction(Base):
    """One model version's mask for one task."""

    __tablename__ = "prediction"
    __table_args__ = (
        UniqueConstraint("task_id", "model_version_id"),
        Index("ix_prediction_model_version_sent", "model_version_id", "sent_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    image_digest: Mapped[str] = mapped_column(Words(64))
    mask_digest: Mapped[str] = mapped_column(Words(64))  # class-id PNG
    score: Mapped[float]  # 0 to 1; low asks for a person first
    region_scores: Mapped[Json] = mapped_column(default=dict)  # label name to 0..1
    sent_at: Mapped[datetime | None]  # last time Label Studio was given it
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    task: Mapped[Task] = relationship(back_populates="predictions")
    model_version: Mapped["ModelVersion"] = relationship()


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
    histograms: Mapped[bytes | None]  # hemline.masks.histograms
    embedding: Mapped[bytes | None]  # int8
    flip_dice: Mapped[float | None]  # photo's mask against mirrored photo's, 0 to 1
    version: Mapped[int] = mapped_column(default=0)  # of the statistics; 0: values are missing
    values: Mapped[Json] = mapped_column(default=dict)  # signal name to number
    regions: Mapped[Json] = mapped_column(default=dict)  # where to look, in photo pixels
    predicted_dice: Mapped[float | None]  # 0 to 1
    predicted_dice_low: Mapped[float | None]  # its lower bound
    cluster: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)  # at computing the values
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
    attempts: Mapped[int] = mapped_column(default=0)  # at computing the values
    claimed_at: Mapped[datetime | None]  # when the last attempt began
    computed_at: Mapped[datetime | None]

    annotation: Mapped[Annotation] = relationship()


_PLACE = ("project_id", "kind", "state", "priority", "id")


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
    content_digest: Mapped[str] = mapped_column(Words(64))  # of the label, or of the photo
    settled_digest: Mapped[str | None] = mapped_column(Words(64))  # what the verdict was about
    verdict: Mapped[Verdict | None]
    verdict_by: Mapped[str] = mapped_column(Words(255), default="")
    verdict_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=0)  # two people, one item: the second is told
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

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
    given_at: Mapped[datetime] = mapped_column(default=utcnow)
    risk: Mapped[float | None]  # what the ranking had said
    dice: Mapped[float | None]  # pre-fill against the label that was judged
    values: Mapped[Json] = mapped_column(default=dict)  # signals of the label that was judged


class DatasetSnapshot(Base):
    """The annotations a training saw, named by digest. Its manifest is an artifact."""

    __tablename__ = "dataset_snapshot"
    __table_args__ = (UniqueConstraint("project_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(Words(64))  # of the manifest
    labels: Mapped[list[str]]  # class id k is labels[k - 1]; 0 is background
    counts: Mapped[Json] = mapped_column(default=dict)  # split to number of items
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class ModelVersion(Base):
    """A trained network: what it came from and what it was judged to be."""

    __tablename__ = "model_version"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index(
            "uq_model_version_champion",
            "project_id",
            unique=True,
            sqlite_where=text("state = 'champion'"),
            postgresql_where=text("state = 'champion'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    number: Mapped[int]  # 1 is the starter
    name: Mapped[str] = mapped_column(Words(128))  # model_version in Label Studio
    state: Mapped[ModelState]
    recipe: Mapped[Json]  # the whole recipe as trained
    labels: Mapped[list[str]]
    weights_digest: Mapped[str] = mapped_column(Words(64))  # safetensors artifact
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("dataset_snapshot.id"))
    code_version: Mapped[str] = mapped_column(Words(64))
    figures: Mapped[Json] = mapped_column(default=dict)  # validation figures, training curve
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    promoted_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()
    parent: Mapped["ModelVersion | None"] = relationship(remote_side=[id])
    snapshot: Mapped[DatasetSnapshot | None] = relationship()


class TrainingRun(Base):
    """One training: queued, owned through a lease, resumed from its checkpoint after a crash."""

    __tablename__ = "training_run"
    __table_args__ = (Index("ix_training_run_state_lease", "state", "lease_until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("dataset_snapshot.id"))
    state: Mapped[RunState] = mapped_column(default=RunState.QUEUED)
    trigger: Mapped[RunTrigger]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(Words(128))
    lease_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)
    epochs: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(Words())
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()
    snapshot: Mapped[DatasetSnapshot] = relationship()
    model_version: Mapped[ModelVersion | None] = relationship()


class Evaluation(Base):
    """A candidate against the champion of its day on the gold split, and the decision."""

    __tablename__ = "evaluation"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(
        ForeignKey("model_version.id", ondelete="CASCADE"), index=True
    )
    champion_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("dataset_snapshot.id"))
    promoted: Mapped[bool]
    decision: Mapped[str] = mapped_column(Words())  # the decision and its figures in one sentence
    figures: Mapped[Json]  # n, mean_dice, champion_mean_dice, difference, low, high, p, items
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    model_version: Mapped[ModelVersion] = relationship(foreign_keys=[model_version_id])
    champion: Mapped[ModelVersion | None] = relationship(foreign_keys=[champion_id])


class WebhookDelivery(Base):
    """A webhook as it came, stored before it is answered. The digest of its content is its key."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index("ix_webhook_delivery_state_id", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(Words(64), unique=True)
    action: Mapped[str] = mapped_column(Words(64))
    ls_project_id: Mapped[int | None] = mapped_column(index=True)
    payload: Mapped[Json]  # tokens and passwords removed
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.NEW)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(Words())
    received_at: Mapped[datetime] = mapped_column(default=utcnow)
    worked_at: Mapped[datetime | None]


class Job(Base):
    """Long work with progress that people can watch: predicting a pool of tasks."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state_lease", "state", "lease_until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    kind: Mapped[JobKind]
    state: Mapped[JobState] = mapped_column(default=JobState.QUEUED)
    arguments: Mapped[Json] = mapped_column(default=dict)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(Words(128))
    lease_until: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Words())
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()


class Person(Base):
    """Somebody who may log in to the dashboard."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Words(255), unique=True)  # what they log in with
    password_hash: Mapped[str] = mapped_column(Words(255))
    role: Mapped[Role]
    logins_valid_from: Mapped[datetime] = mapped_column(default=utcnow)  # later than a log-out
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_login_at: Mapped[datetime | None]


class AuditEvent(Base):
    """An action of a person that changed something, written in the same transaction."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_project_id", "project_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    person: Mapped[str] = mapped_column(Words(255))  # the name: events outlive people
    action: Mapped[str] = mapped_column(Words(64))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="SET NULL"))
    target: Mapped[str] = mapped_column(Words(255), default="")  # "task 12", "version 3"
    details: Mapped[Json] = mapped_column(default=dict)
