"""The checks of a mask that stand out, beside the reasons of its review item."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("review_item", sa.Column("checks", kind, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("review_item", "checks")
