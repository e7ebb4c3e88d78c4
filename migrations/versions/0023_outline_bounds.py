"""What the outline of a pre-fill is true within, for nine in ten of its kind."""

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("prediction_signals", sa.Column("outline_within_px", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("prediction_signals", "outline_within_px")
