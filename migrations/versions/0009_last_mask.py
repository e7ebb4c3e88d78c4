"""The mask that an annotation had last: what becomes usable again is no new correction."""

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("annotation", sa.Column("last_mask_digest", sa.String(64)))
    op.execute("UPDATE annotation SET last_mask_digest = mask_digest")


def downgrade() -> None:
    op.drop_column("annotation", "last_mask_digest")
