"""Marked tasks are tried again: how often they were tried, and when is the next time."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    tries = sa.Column("tries", sa.Integer(), nullable=False, server_default="1")
    # Marks from before are due at once.
    try_at = sa.Column(
        "try_at", sa.DateTime(timezone=True), nullable=False, server_default="2000-01-01 00:00:00"
    )
    op.add_column("task_problem", tries)
    op.add_column("task_problem", try_at)
    op.create_index("ix_task_problem_try_at", "task_problem", ["try_at"])


def downgrade() -> None:
    op.drop_index("ix_task_problem_try_at", "task_problem")
    op.drop_column("task_problem", "try_at")
    op.drop_column("task_problem", "tries")
