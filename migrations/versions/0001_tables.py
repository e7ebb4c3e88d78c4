"""The tables of the loop: projects, tasks, annotations, predictions, models, trainings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _create_project()
    _create_webhook_delivery()
    _create_dataset_snapshot()
    _create_job()
    _create_task()
    _create_model_version()
    _create_evaluation()
    _create_prediction()
    _create_training_run()
    _create_annotation()


def downgrade() -> None:
    op.drop_table("annotation")
    op.drop_table("training_run")
    op.drop_table("prediction")
    op.drop_table("evaluation")
    op.drop_table("model_version")
    op.drop_table("task")
    op.drop_table("job")
    op.drop_table("dataset_snapshot")
    op.drop_table("webhook_delivery")
    op.drop_table("project")


def _create_project() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("ls_project_id", sa.Integer(), nullable=False),
        sa.Column("ls_key", sa.String(64), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("label_config", sa.String(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("recipe", sa.String(255)),
        sa.Column("retrain_after", sa.Integer()),
        sa.Column("accept_above", sa.Double()),
        sa.Column("accept_threshold", sa.Double()),
        sa.Column("audit_share", sa.Double(), nullable=False),
        sa.Column("ranking_digest", sa.String(64)),
        sa.Column("ranked_at", _moment()),
        sa.Column("reconciled_until", _moment()),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("updated_at", _moment(), nullable=False),
        sa.UniqueConstraint("ls_project_id"),
    )


def _create_webhook_delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("ls_project_id", sa.Integer()),
        sa.Column("payload", _json(), nullable=False),
        sa.Column("state", _choice("deliverystate", "new", "done", "failed"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("received_at", _moment(), nullable=False),
        sa.Column("worked_at", _moment()),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_webhook_delivery_ls_project_id", "webhook_delivery", ["ls_project_id"])
    op.create_index("ix_webhook_delivery_state_id", "webhook_delivery", ["state", "id"])


def _create_dataset_snapshot() -> None:
    op.create_table(
        "dataset_snapshot",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("labels", _json(), nullable=False),
        sa.Column("counts", _json(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.UniqueConstraint("project_id", "digest"),
    )


def _create_job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("kind", _choice("jobkind", "predict_pool", "rank", "export"), nullable=False),
        sa.Column(
            "state", _choice("jobstate", "queued", "running", "done", "failed"), nullable=False
        ),
        sa.Column("arguments", _json(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(128)),
        sa.Column("lease_until", _moment()),
        sa.Column("problem", sa.String()),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("finished_at", _moment()),
    )
    op.create_index("ix_job_state_lease", "job", ["state", "lease_until"])


def _create_task() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("ls_task_id", sa.Integer(), nullable=False),
        sa.Column("data", _json(), nullable=False),
        sa.Column("image_url", sa.String(), nullable=False),
        sa.Column("garment", sa.String(255), nullable=False),
        sa.Column("view", sa.String(64), nullable=False),
        sa.Column("garment_type", sa.String(64), nullable=False),
        sa.Column("photo_session", sa.String(64), nullable=False),
        sa.Column("image_digest", sa.String(64)),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("split", _choice("split", "train", "validation", "gold")),
        sa.Column("is_labeled", sa.Boolean(), nullable=False),
        sa.Column("in_audit", sa.Boolean(), nullable=False),
        sa.Column("accepted_at", _moment()),
        sa.Column("shown_priority", sa.Double()),
        sa.Column("problem", sa.String()),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("updated_at", _moment(), nullable=False),
        sa.UniqueConstraint("project_id", "ls_task_id"),
    )
    op.create_index(
        "ix_task_shown",
        "task",
        ["project_id"],
        sqlite_where=sa.text("shown_priority IS NOT NULL"),
        postgresql_where=sa.text("shown_priority IS NOT NULL"),
    )
    op.create_index("ix_task_project_garment", "task", ["project_id", "garment"])


def _create_model_version() -> None:
    op.create_table(
        "model_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column(
            "state",
            _choice("modelstate", "candidate", "champion", "retired", "rejected"),
            nullable=False,
        ),
        sa.Column("recipe", _json(), nullable=False),
        sa.Column("labels", _json(), nullable=False),
        sa.Column("weights_digest", sa.String(64), nullable=False),
        sa.Column("parent_id", sa.Integer(), sa.ForeignKey("model_version.id")),
        sa.Column("snapshot_id", sa.Integer(), sa.ForeignKey("dataset_snapshot.id")),
        sa.Column("code_version", sa.String(64), nullable=False),
        sa.Column("figures", _json(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("promoted_at", _moment()),
        sa.UniqueConstraint("project_id", "number"),
    )
    op.create_index(
        "uq_model_version_champion",
        "model_version",
        ["project_id"],
        unique=True,
        sqlite_where=sa.text("state = 'champion'"),
        postgresql_where=sa.text("state = 'champion'"),
    )


def _create_evaluation() -> None:
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "model_version_id",
            sa.Integer(),
            sa.ForeignKey("model_version.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("champion_id", sa.Integer(), sa.ForeignKey("model_version.id")),
        sa.Column(
            "snapshot_id", sa.Integer(), sa.ForeignKey("dataset_snapshot.id"), nullable=False
        ),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("figures", _json(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
    )
    op.create_index("ix_evaluation_model_version_id", "evaluation", ["model_version_id"])


def _create_prediction() -> None:
    op.create_table(
        "prediction",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "task_id", sa.Integer(), sa.ForeignKey("task.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column(
            "model_version_id", sa.Integer(), sa.ForeignKey("model_version.id"), nullable=False
        ),
        sa.Column("image_digest", sa.String(64), nullable=False),
        sa.Column("mask_digest", sa.String(64), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("region_scores", _json(), nullable=False),
        sa.Column("sent_at", _moment()),
        sa.Column("created_at", _moment(), nullable=False),
        sa.UniqueConstraint("task_id", "model_version_id"),
    )
    op.create_index(
        "ix_prediction_model_version_sent", "prediction", ["model_version_id", "sent_at"]
    )


def _create_training_run() -> None:
    op.create_table(
        "training_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "snapshot_id", sa.Integer(), sa.ForeignKey("dataset_snapshot.id"), nullable=False
        ),
        sa.Column(
            "state", _choice("runstate", "queued", "running", "succeeded", "failed"), nullable=False
        ),
        sa.Column(
            "trigger",
            _choice("runtrigger", "corrections", "schedule", "button", "command"),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(128)),
        sa.Column("lease_until", _moment()),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("model_version_id", sa.Integer(), sa.ForeignKey("model_version.id")),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("started_at", _moment()),
        sa.Column("finished_at", _moment()),
    )
    op.create_index("ix_training_run_state_lease", "training_run", ["state", "lease_until"])


def _create_annotation() -> None:
    op.create_table(
        "annotation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "task_id", sa.Integer(), sa.ForeignKey("task.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("ls_annotation_id", sa.Integer(), nullable=False),
        sa.Column(
            "prediction_id", sa.Integer(), sa.ForeignKey("prediction.id", ondelete="SET NULL")
        ),
        sa.Column("mask_digest", sa.String(64)),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("annotator", sa.String(255), nullable=False),
        sa.Column("lead_time_s", sa.Double()),
        sa.Column("was_cancelled", sa.Boolean(), nullable=False),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        sa.Column("untouched", sa.Boolean(), nullable=False),
        sa.Column("dice", sa.Double()),
        sa.Column(
            "verdict",
            _choice("verdict", "label_wrong", "model_wrong", "both_fine", "photo_fault"),
        ),
        sa.Column("problem", sa.String()),
        sa.Column("ls_updated_at", _moment()),
        sa.Column("changed_at", _moment(), nullable=False),
        sa.Column("deleted_at", _moment()),
        sa.UniqueConstraint("project_id", "ls_annotation_id"),
    )
    op.create_index("ix_annotation_project_changed", "annotation", ["project_id", "changed_at"])
    op.create_index("ix_annotation_task_id", "annotation", ["task_id"])


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _json() -> sa.JSON:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32, create_constraint=True)
