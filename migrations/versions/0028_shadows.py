"""Candidates that are judged by what people make of photos, and what they were compared on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | None = None
depends_on: str | None = None

_STATES = ("running", "promoted", "not_promoted", "superseded", "given_up")
_RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    op.create_table(
        "shadow",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("champion_id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                *_STATES, name="shadowstate", native_enum=False, length=32, create_constraint=True
            ),
            nullable=False,
        ),
        sa.Column("garments", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("figures", json, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow")),
        _reference("shadow", "project_id", "project", "CASCADE"),
        _reference("shadow", "model_version_id", "model_version", "CASCADE"),
        _reference("shadow", "champion_id", "model_version"),
        _reference("shadow", "evaluation_id", "evaluation", "CASCADE"),
    )
    op.create_index(op.f("ix_shadow_model_version_id"), "shadow", ["model_version_id"])
    op.create_index(
        "uq_shadow_running",
        "shadow",
        ["project_id"],
        unique=True,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )
    op.create_table(
        "shadow_label",
        sa.Column("shadow_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("annotation_id", sa.Integer(), nullable=False),
        sa.Column("label_digest", sa.String(64), nullable=False),
        sa.Column("from_nothing", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("untouched", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("dice", sa.Double()),
        sa.Column("champion_dice", sa.Double()),
        sa.Column("labels", json, nullable=False),
        sa.Column("champion_labels", json, nullable=False),
        sa.Column("problem", sa.String()),
        sa.PrimaryKeyConstraint("shadow_id", "task_id", name=op.f("pk_shadow_label")),
        _reference("shadow_label", "shadow_id", "shadow", "CASCADE"),
        _reference("shadow_label", "task_id", "task", "CASCADE"),
        _reference("shadow_label", "annotation_id", "annotation", "CASCADE"),
    )
    for column in ("task_id", "annotation_id"):
        op.create_index(op.f(f"ix_shadow_label_{column}"), "shadow_label", [column])


def downgrade() -> None:
    op.drop_table("shadow_label")
    op.drop_table("shadow")


def _reference(
    table: str, column: str, other: str, on_delete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], ondelete=on_delete, name=op.f(f"fk_{table}_{column}_{other}")
    )
