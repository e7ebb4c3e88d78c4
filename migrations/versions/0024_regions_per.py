"""What becomes one region in Label Studio, and what lies under other labels in an annotation."""

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    column = sa.Column("regions_per", sa.String(16), nullable=False, server_default="per-label")
    op.add_column("project", column)
    op.add_column("annotation", sa.Column("covered_digest", sa.String(64), nullable=True))
    read = sa.Column("layers_read", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("project", read)


def downgrade() -> None:
    op.drop_column("project", "layers_read")
    op.drop_column("annotation", "covered_digest")
    op.drop_column("project", "regions_per")
