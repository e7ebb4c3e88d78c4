"""Signals, review items, people and what they did."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _create_prediction_signals()
    _create_label_signals()
    _create_review_item()
    _create_review_verdict()
    _create_person()
    _create_audit_event()
    _create_indexes()


def downgrade() -> None:
    for name in ("ix_task_problem", "ix_task_project_labeled"):
        op.drop_index(name, "task")
    op.drop_index("ix_annotation_prefill", "annotation")
    op.drop_table("audit_event")
    op.drop_table("person")
    op.drop_table("review_verdict")
    op.drop_table("review_item")
    op.drop_table("label_signals")
    op.drop_table("prediction_signals")


def _create_prediction_signals() -> None:
    op.create_table(
        "prediction_signals",
        sa.Column(
            "prediction_id",
            sa.Integer(),
            sa.ForeignKey("prediction.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("image_digest", sa.String(64), nullable=False),
        sa.Column("map_digest", sa.String(64)),
        sa.Column("histograms", sa.LargeBinary()),
        sa.Column("embedding", sa.LargeBinary()),
        sa.Column("flip_dice", sa.Double()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("values", _json(), nullable=False),
        sa.Column("regions", _json(), nullable=False),
        sa.Column("predicted_dice", sa.Double()),
        sa.Column("predicted_dice_low", sa.Double()),
        sa.Column("cluster", sa.Integer()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", _moment()),
        sa.Column("computed_at", _moment()),
    )
    op.create_index("ix_prediction_signals_pending", "prediction_signals", ["version", "attempts"])


def _create_label_signals() -> None:
    op.create_table(
        "label_signals",
        sa.Column(
            "annotation_id",
            sa.Integer(),
            sa.ForeignKey("annotation.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "prediction_id", sa.Integer(), sa.ForeignKey("prediction.id", ondelete="SET NULL")
        ),
        sa.Column("mask_digest", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("values", _json(), nullable=False),
        sa.Column("regions", _json(), nullable=False),
        sa.Column("histograms", sa.LargeBinary()),
        sa.Column("risk", sa.Double()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", _moment()),
        sa.Column("computed_at", _moment()),
    )
    op.create_index("ix_label_signals_pending", "label_signals", ["version", "attempts"])


def _create_review_item() -> None:
    op.create_table(
        "review_item",
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
        sa.Column("kind", _choice("reviewkind", "label", "photo"), nullable=False),
        sa.Column("state", _choice("reviewstate", "open", "closed"), nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column(
            "annotation_id", sa.Integer(), sa.ForeignKey("annotation.id", ondelete="SET NULL")
        ),
        sa.Column(
            "prediction_id", sa.Integer(), sa.ForeignKey("prediction.id", ondelete="SET NULL")
        ),
        sa.Column("bad_ground_truth", sa.Boolean(), nullable=False),
        sa.Column("low_contrast", sa.Boolean(), nullable=False),
        sa.Column("limited_data", sa.Boolean(), nullable=False),
        sa.Column("too_complicated", sa.Boolean(), nullable=False),
        sa.Column("reasons", _json(), nullable=False),
        sa.Column("views_disagree", sa.Boolean(), nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("settled_digest", sa.String(64)),
        sa.Column("verdict", _verdict()),
        sa.Column("verdict_by", sa.String(255), nullable=False),
        sa.Column("verdict_at", _moment()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("updated_at", _moment(), nullable=False),
        sa.UniqueConstraint("task_id", "kind"),
    )
    place = ["project_id", "kind", "state", "priority", "id"]
    reasons = ["bad_ground_truth", "low_contrast", "limited_data", "too_complicated"]
    op.create_index("ix_review_item_order", "review_item", place)
    op.create_index(
        "ix_review_item_reasons", "review_item", ["project_id", "kind", "state", *reasons]
    )
    for reason in reasons:
        op.create_index(
            f"ix_review_item_{reason}",
            "review_item",
            place,
            sqlite_where=sa.text(f"{reason} = 1"),
            postgresql_where=sa.text(reason),
        )


def _create_review_verdict() -> None:
    op.create_table(
        "review_verdict",
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
        sa.Column("kind", _choice("reviewkind", "label", "photo"), nullable=False),
        sa.Column(
            "annotation_id", sa.Integer(), sa.ForeignKey("annotation.id", ondelete="SET NULL")
        ),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("verdict", _verdict(), nullable=False),
        sa.Column("given_by", sa.String(255), nullable=False),
        sa.Column("given_at", _moment(), nullable=False),
        sa.Column("risk", sa.Double()),
        sa.Column("dice", sa.Double()),
        sa.Column("values", _json(), nullable=False),
    )
    op.create_index("ix_review_verdict_project_id", "review_verdict", ["project_id", "id"])


def _create_person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("role", _choice("role", "viewer", "reviewer", "admin"), nullable=False),
        sa.Column("logins_valid_from", _moment(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("last_login_at", _moment()),
        sa.UniqueConstraint("name"),
    )


def _create_audit_event() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("project_id", sa.Integer(), sa.ForeignKey("project.id", ondelete="SET NULL")),
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("details", _json(), nullable=False),
    )
    op.create_index("ix_audit_event_project_id", "audit_event", ["project_id", "id"])


def _create_indexes() -> None:
    """For pages that count all of a project's tasks and annotations."""
    op.create_index("ix_task_project_labeled", "task", ["project_id", "is_labeled"])
    marked = sa.text("problem IS NOT NULL")
    op.create_index(
        "ix_task_problem", "task", ["project_id"], sqlite_where=marked, postgresql_where=marked
    )
    op.create_index(
        "ix_annotation_prefill",
        "annotation",
        ["project_id", "prediction_id", "dice", "untouched", "deleted_at"],
    )


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _json() -> sa.JSON:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32, create_constraint=True)


def _verdict() -> sa.Enum:
    return _choice("verdict", "label_wrong", "model_wrong", "both_fine", "photo_fault")
