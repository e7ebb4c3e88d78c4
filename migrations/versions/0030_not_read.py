"""Why Label Studio's changes to one project were not read the last time."""

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("project", sa.Column("not_read", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("project", "not_read")
