"""How a project's photos are grouped by garment, and what named each photo's garment."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
    op.add_column("project", sa.Column("garment_rule", json, nullable=True))
    op.add_column("project", sa.Column("garments_due", sa.Integer(), nullable=True))
    op.add_column("task", sa.Column("garment_by", sa.String(16), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("task", "garment_by", server_default=None)


def downgrade() -> None:
    op.drop_column("task", "garment_by")
    op.drop_column("project", "garments_due")
    op.drop_column("project", "garment_rule")
