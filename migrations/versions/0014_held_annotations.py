"""Saves that look like lost work: the mask that is held until somebody confirms it."""

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("annotation", sa.Column("held_digest", sa.String(64)))


def downgrade() -> None:
    op.drop_column("annotation", "held_digest")
