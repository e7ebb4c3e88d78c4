"""Labels that are sent back to their annotators, and photos that somebody draws a second time."""

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision = "0026"
branch_labels: str | None = None
depends_on: str | None = None

_STATES = ("waiting", "corrected", "unchanged", "withdrawn")


def upgrade() -> None:
    op.create_table(
        "returned_label",
        *_about("returned_label"),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True)),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("sent_by", sa.String(255), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                *_STATES, name="returnstate", native_enum=False, length=32, create_constraint=True
            ),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("shown_to", sa.String(255)),
    )
    op.create_table(
        "blind_twin",
        *_about("blind_twin"),
        sa.Column("asked_of", sa.String(255), nullable=False),
        sa.Column("asked_by", sa.String(255), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ls_task_id", sa.Integer()),
        sa.Column("problem", sa.String()),
        sa.Column("drawn_by", sa.String(255), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True)),
        sa.Column("dice", sa.Double()),
        sa.Column("outline_px", sa.Double()),
    )
    for table in ("returned_label", "blind_twin"):
        for column in ("task_id", "annotation_id"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index("ix_returned_label_state", "returned_label", ["project_id", "state"])
    op.create_index("ix_returned_label_shown_to", "returned_label", ["project_id", "shown_to"])
    op.create_index("ix_blind_twin_compared", "blind_twin", ["project_id", "compared_at"])
    op.add_column(
        "review_verdict",
        sa.Column("annotator", sa.String(255), nullable=False, server_default=""),
    )
    op.add_column("review_verdict", sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("project", sa.Column("followed_verdict", sa.Integer(), nullable=True))
    op.add_column("project", sa.Column("twins_project", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("project", "twins_project")
    op.drop_column("project", "followed_verdict")
    op.drop_column("review_verdict", "made_at")
    op.drop_column("review_verdict", "annotator")
    op.drop_table("blind_twin")
    op.drop_table("returned_label")


def _about(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """The columns that say which label a row is about."""
    return (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("annotation_id", sa.Integer()),
        sa.Column("annotator", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _reference(table, "project_id", "project", "CASCADE"),
        _reference(table, "task_id", "task", "CASCADE"),
        _reference(table, "annotation_id", "annotation", "SET NULL"),
    )


def _reference(table: str, column: str, other: str, on_delete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], ondelete=on_delete, name=op.f(f"fk_{table}_{column}_{other}")
    )
