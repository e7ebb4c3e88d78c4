"""What a model's weights became for a runtime: converted once, and kept beside them."""

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "conversion",
        sa.Column("weights_digest", sa.String(64), nullable=False),
        sa.Column("precision", sa.String(16), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("problem", sa.String()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "weights_digest", "precision", "made_by", name=op.f("pk_conversion")
        ),
    )


def downgrade() -> None:
    op.drop_table("conversion")
