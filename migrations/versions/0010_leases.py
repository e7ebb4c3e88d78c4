"""Leases that a clock which was put back ends, and how far a run or a job has ever got."""

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

_PROGRESS = {"training_run": "epoch", "job": "done"}


def upgrade() -> None:
    for table, progress in _PROGRESS.items():
        op.add_column(table, sa.Column("lease_from", sa.DateTime(timezone=True)))
        op.add_column(table, sa.Column("reached", sa.Integer(), nullable=False, server_default="0"))
        op.execute(f"UPDATE {table} SET reached = {progress}")


def downgrade() -> None:
    for table in _PROGRESS:
        op.drop_column(table, "reached")
        op.drop_column(table, "lease_from")
