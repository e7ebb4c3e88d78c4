"""The tables of the loop: what Hemline remembers, and how its rows belong together."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hemline.store.database.clock import DatabaseTime
from hemline.store.database.columns import Base, Json, Sentence, Words
from hemline.store.states import (
    DeliveryState,
    JobKind,
    JobState,
    ModelState,
    ProblemSource,
    RunState,
    RunTrigger,
    Split,
    Verdict,
)


class Project(Base):
    """A Label Studio project that Hemline pre-fills."""

    __tablename__ = "project"

    id: Mapped[int] = mapped_column(primary_key=True)
    ls_project_id: Mapped[int] = mapped_column(unique=True)
    ls_key: Mapped[str] = mapped_column(Words(64), default="")  # "id.created_ts", from /setup
    title: Mapped[str] = mapped_column(Words(), default="")
    label_config: Mapped[str] = mapped_column(Words(), default="")
    problem: Mapped[str | None] = mapped_column(Sentence())  # why the project cannot be pre-filled
    # Why Label Studio's changes to it were not read the last time; what is stored is used still
    not_read: Mapped[str | None] = mapped_column(Sentence())
    recipe: Mapped[str | None] = mapped_column(Words(255))  # None: the setting's recipe
    retrain_after: Mapped[int | None]  # None: the setting's number
    accept_above: Mapped[float | None]  # predicted Dice that is accepted unseen; None: none is
    accept_threshold: Mapped[float | None]  # the same, moved by what the audit found
    audit_share: Mapped[float] = mapped_column(default=0.1)  # of those, what a person sees still
    # Of the tasks, what opens without its pre-fill: it tells what pre-fills save
    blank_share: Mapped[float] = mapped_column(default=0.0, server_default="0")
    # Beside these, what opens so because correcting is predicted to cost more than drawing
    blank_where_dearer: Mapped[bool] = mapped_column(default=False, server_default=false())
    work_times: Mapped[Json | None]  # how well the last ranking tells them (`left_blank.py`)
    # How photos are grouped by garment (GarmentRule); the task from which it is looked at again
    garment_rule: Mapped[Json | None]
    garments_due: Mapped[int | None]
    # The starter's classes of each label, as people set them and by name (`label_classes.py`)
    label_classes: Mapped[Json | None]
    regions_per: Mapped[str] = mapped_column(Words(16), server_default="per-label")  # RegionsPer
    ranking_digest: Mapped[str | None] = mapped_column(Words(64))  # artifact of its fitted ranking
    ranked_at: Mapped[datetime | None]
    # All annotations were read with what lies under other labels
    layers_read: Mapped[bool] = mapped_column(default=False, server_default=false())
    followed_verdict: Mapped[int | None]  # the last that labels like its own were moved by
    twins_project: Mapped[int | None]  # Label Studio's project of its blind twins
    reconciled_until: Mapped[datetime | None]  # Label Studio's updated_at, the last one seen
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    updated_at: Mapped[datetime] = mapped_column(default=DatabaseTime(), onupdate=DatabaseTime())


class Task(Base):
    """One photo to annotate. All views of a garment share a split, which one command alone changes
    (`hemline garments`)."""

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
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    ls_task_id: Mapped[int]
    data: Mapped[Json] = mapped_column(default=dict)
    image_url: Mapped[str] = mapped_column(Words(), default="")
    garment: Mapped[str] = mapped_column(Words(255), default="")
    view: Mapped[str] = mapped_column(Words(64), default="")
    # What named the garment (GarmentBy); "": an earlier version or rule, which the split is kept by
    garment_by: Mapped[str] = mapped_column(Words(16), default="", server_default="")
    garment_type: Mapped[str] = mapped_column(Words(64), default="")  # from the task's data
    photo_session: Mapped[str] = mapped_column(Words(64), default="")  # from the task's data
    image_digest: Mapped[str | None] = mapped_column(Words(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    split: Mapped[Split | None]
    is_labeled: Mapped[bool] = mapped_column(default=False)
    in_audit: Mapped[bool] = mapped_column(default=False)  # drawn at random: keeps estimates honest
    # A training was given the champion's mask of it: its garment never judges a model
    pseudo_labelled: Mapped[bool] = mapped_column(default=False, server_default=false())
    accepted_at: Mapped[datetime | None]  # its mask was good enough to be taken unseen
    shown_priority: Mapped[float | None]  # in Label Studio, with the reasons; None: not shown
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    updated_at: Mapped[datetime] = mapped_column(default=DatabaseTime(), onupdate=DatabaseTime())

    project: Mapped[Project] = relationship()
    annotations: Mapped[list["Annotation"]] = relationship(back_populates="task")
    predictions: Mapped[list["Prediction"]] = relationship(back_populates="task")


class TaskProblem(Base):
    """A clear mark on a task: one sentence for each thing that can be wrong with it."""

    __tablename__ = "task_problem"

    task_id: Mapped[int] = mapped_column(
        ForeignKey("task.id", ondelete="CASCADE"), primary_key=True
    )
    source: Mapped[ProblemSource] = mapped_column(primary_key=True)
    problem: Mapped[str] = mapped_column(Sentence())
    tries: Mapped[int] = mapped_column(default=1)  # that ended in this mark, one after another
    try_at: Mapped[datetime] = mapped_column(
        default=DatabaseTime(), index=True
    )  # it is looked at again


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
        Index(
            "ix_annotation_problem",
            "project_id",
            sqlite_where=text("problem IS NOT NULL"),
            postgresql_where=text("problem IS NOT NULL"),
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
    covered_digest: Mapped[str | None] = mapped_column(Words(64))  # what lies under other labels
    last_mask_digest: Mapped[str | None] = mapped_column(Words(64))  # the one it has, or had last
    width: Mapped[int | None]
    height: Mapped[int | None]
    annotator: Mapped[str] = mapped_column(Words(255), default="")
    lead_time_s: Mapped[float | None]
    was_cancelled: Mapped[bool] = mapped_column(default=False)  # "Skip"
    ground_truth: Mapped[bool] = mapped_column(default=False)
    untouched: Mapped[bool] = mapped_column(default=False)  # the pre-fill was accepted as it was
    # The clicks and boxes that it was made with, and whether anything was drawn by hand
    clicks: Mapped[int] = mapped_column(default=0, server_default="0")
    boxes: Mapped[int] = mapped_column(default=0, server_default="0")
    brushed: Mapped[bool] = mapped_column(default=False, server_default=false())
    dice: Mapped[float | None]  # pre-fill against correction, 0 to 1, foreground
    kept_back_dice: Mapped[float | None]  # against one that chance kept back from the task
    outline_agreement: Mapped[float | None]  # with the pre-fill that was shown, or kept back so
    verdict: Mapped[Verdict | None]  # the reviewer's choice that came with the last save
    problem: Mapped[str | None] = mapped_column(Sentence())  # why it is left out
    # A mask that looks like lost work: held, or confirmed where it is the one that it has
    held_digest: Mapped[str | None] = mapped_column(Words(64))
    ls_updated_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(default=DatabaseTime())  # last change of the mask
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
    # Kept back on purpose, so that somebody draws the mask from nothing
    left_blank: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Correcting it was predicted to cost more than drawing; it is kept back for that alone
    prefill_dearer: Mapped[bool] = mapped_column(default=False, server_default=false())
    blank_as_dearer: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())

    task: Mapped[Task] = relationship(back_populates="predictions")
    model_version: Mapped["ModelVersion"] = relationship()


_PLACE = ("project_id", "kind", "state", "priority", "id")


class DatasetSnapshot(Base):
    """The annotations a training saw, named by digest. Its manifest is an artifact."""

    __tablename__ = "dataset_snapshot"
    __table_args__ = (UniqueConstraint("project_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(Words(64))  # of the manifest
    labels: Mapped[list[str]]  # class id k is labels[k - 1]; 0 is background
    counts: Mapped[Json] = mapped_column(default=dict)  # corrections by split; pseudo-labels
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())


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
    number: Mapped[int]  # 1 is a starter
    name: Mapped[str] = mapped_column(Words(128))  # model_version in Label Studio
    state: Mapped[ModelState]
    recipe: Mapped[Json]  # the whole recipe as trained
    labels: Mapped[list[str]]
    # Of a starter of several labels, the starter's classes that each label has
    label_classes: Mapped[Json | None]
    weights_digest: Mapped[str] = mapped_column(Words(64))  # safetensors artifact
    weights_removed_at: Mapped[datetime | None]  # by `hemline prune`
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("dataset_snapshot.id"))
    code_version: Mapped[str] = mapped_column(Words(64))
    figures: Mapped[Json] = mapped_column(default=dict)  # validation figures, training curve
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    promoted_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()
    parent: Mapped["ModelVersion | None"] = relationship(remote_side=[id])
    snapshot: Mapped[DatasetSnapshot | None] = relationship()


class Conversion(Base):
    """What a model's weights became for a runtime: an artifact, or the reason why there is none."""

    __tablename__ = "conversion"

    weights_digest: Mapped[str] = mapped_column(Words(64), primary_key=True)
    precision: Mapped[str] = mapped_column(Words(16), primary_key=True)  # fp32 or int8
    made_by: Mapped[str] = mapped_column(Words(64), primary_key=True)  # converter and its version
    digest: Mapped[str | None] = mapped_column(Words(64))
    problem: Mapped[str | None] = mapped_column(Sentence())
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())


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
    reached: Mapped[int] = mapped_column(default=0, server_default="0")  # the furthest of all
    lease_owner: Mapped[str | None] = mapped_column(Words(128))
    lease_from: Mapped[datetime | None]  # later than now: the clock was put back, it has lapsed
    lease_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(default=0)
    epochs: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(Sentence())
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()
    snapshot: Mapped[DatasetSnapshot] = relationship()
    model_version: Mapped[ModelVersion | None] = relationship()


class Checkpoint(Base):
    """A file of a run's last checkpoint that is kept as an artifact, for another host to go on
    from: a training of several networks has several files."""

    __tablename__ = "checkpoint"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("training_run.id", ondelete="CASCADE"), primary_key=True
    )
    path: Mapped[str] = mapped_column(Words(255), primary_key=True)  # in the run's work folder
    digest: Mapped[str] = mapped_column(Words(64))
    epoch: Mapped[int]  # epochs that were done; of all files of a run the same


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
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())

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
    problem: Mapped[str | None] = mapped_column(Sentence())
    received_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    worked_at: Mapped[datetime | None]


class Attempt(Base):
    """Work that was begun and did not end: its process is at it, or died of it."""

    __tablename__ = "attempt"

    work: Mapped[str] = mapped_column(Words(255), primary_key=True)
    number: Mapped[int]
    begun_at: Mapped[datetime]


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
    reached: Mapped[int] = mapped_column(default=0, server_default="0")  # the furthest of all
    lease_owner: Mapped[str | None] = mapped_column(Words(128))
    lease_from: Mapped[datetime | None]  # later than now: the clock was put back, it has lapsed
    lease_until: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Sentence())
    created_at: Mapped[datetime] = mapped_column(default=DatabaseTime())
    finished_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()
