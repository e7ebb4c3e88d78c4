"""How long people are likely to need for a pre-fill, and tasks that were left blank on purpose."""

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("prediction_signals", sa.Column("predicted_seconds", sa.Double(), nullable=True))
    op.add_column(
        "prediction",
        sa.Column("left_blank", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "project", sa.Column("blank_share", sa.Double(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("project", "blank_share")
    op.drop_column("prediction", "left_blank")
    op.drop_column("prediction_signals", "predicted_seconds")
