"""All annotations are read again: shapes that were not read had been stored as "no garment"."""

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """The next reconcile takes in all tasks; a mask that stays the same changes nothing."""
    op.execute("UPDATE project SET reconciled_until = NULL")


def downgrade() -> None:
    """What was read again may stay so."""
