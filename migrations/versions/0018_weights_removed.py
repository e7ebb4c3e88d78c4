"""When a version's weights were pruned: it stays in the history, and can serve no more."""

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("model_version", sa.Column("weights_removed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("model_version", "weights_removed_at")
