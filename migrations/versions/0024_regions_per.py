"""What becomes one region in Label Studio: all of a label, or each of its parts."""

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    column = sa.Column("regions_per", sa.String(16), nullable=False, server_default="per-label")
    op.add_column("project", column)


def downgrade() -> None:
    op.drop_column("project", "regions_per")
