"""What drawing from nothing costs, tasks left blank where correcting costs more, and how far final
masks keep to their pre-fill."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    op.add_column("prediction_signals", sa.Column("drawing_seconds", sa.Double(), nullable=True))
    for column in ("prefill_dearer", "blank_as_dearer"):
        op.add_column(
            "prediction",
            sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.false()),
        )
    op.add_column(
        "project",
        sa.Column("blank_where_dearer", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("project", sa.Column("work_times", json, nullable=True))
    op.add_column("annotation", sa.Column("kept_back_dice", sa.Double(), nullable=True))
    op.add_column("annotation", sa.Column("outline_agreement", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("annotation", "outline_agreement")
    op.drop_column("annotation", "kept_back_dice")
    op.drop_column("project", "work_times")
    op.drop_column("project", "blank_where_dearer")
    op.drop_column("prediction", "blank_as_dearer")
    op.drop_column("prediction", "prefill_dearer")
    op.drop_column("prediction_signals", "drawing_seconds")
