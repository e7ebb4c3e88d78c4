"""Attempts to log in are counted by name and address, and outlast a restart."""

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "log_in_count",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_in_count"),
        sa.UniqueConstraint("name", "address", name="uq_log_in_count_name_address"),
    )
    op.create_index("ix_log_in_count_began_at", "log_in_count", ["began_at"])
    op.create_index("ix_audit_event_action", "audit_event", ["action", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_event_action", "audit_event")
    op.drop_table("log_in_count")
