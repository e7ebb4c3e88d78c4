"""How a correction was made: the clicks and boxes that were answered for it, and the brush."""

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "answered_click",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("annotation_id", sa.Integer()),
        sa.Column("annotator", sa.String(255), nullable=False),
        sa.Column("is_box", sa.Boolean(), nullable=False),
        sa.Column("pixels_digest", sa.String(64), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["task.id"],
            name=op.f("fk_answered_click_task_id_task"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["annotation_id"],
            ["annotation.id"],
            name=op.f("fk_answered_click_annotation_id_annotation"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answered_click")),
    )
    for column in ("task_id", "annotation_id"):
        op.create_index(f"ix_answered_click_{column}", "answered_click", [column])
    for column in ("clicks", "boxes"):
        op.add_column(
            "annotation", sa.Column(column, sa.Integer(), nullable=False, server_default="0")
        )
    op.add_column(
        "annotation",
        sa.Column("brushed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(
        "UPDATE annotation SET brushed = (NOT untouched) "
        "WHERE mask_digest IS NOT NULL AND NOT was_cancelled"
    )


def downgrade() -> None:
    for column in ("brushed", "boxes", "clicks"):
        op.drop_column("annotation", column)
    op.drop_table("answered_click")
