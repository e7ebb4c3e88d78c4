"""What a project's labels mean in the starter's classes, and what a version was made from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    op.add_column("project", sa.Column("label_classes", json, nullable=True))
    op.add_column("model_version", sa.Column("label_classes", json, nullable=True))


def downgrade() -> None:
    op.drop_column("model_version", "label_classes")
    op.drop_column("project", "label_classes")
