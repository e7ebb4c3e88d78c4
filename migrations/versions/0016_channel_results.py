"""What channels say of cut-outs, and the kind of job that finds out."""

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

_KINDS_BEFORE = ("predict_pool", "rank", "export")
_OUTCOMES = ("passes", "refused", "not_checked")


def upgrade() -> None:
    _allow((*_KINDS_BEFORE, "check_channels"))
    op.create_table(
        "channel_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("annotation_id", sa.Integer()),
        sa.Column("prediction_id", sa.Integer()),
        sa.Column("pack", sa.String(60), nullable=False),
        sa.Column("edge", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                *_OUTCOMES,
                name="channeloutcome",
                native_enum=False,
                length=32,
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("refused_by", sa.String(255), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_result")),
        sa.UniqueConstraint("task_id", "pack", name=op.f("uq_channel_result_task_id_pack")),
        _reference("project_id", "project", "CASCADE"),
        _reference("task_id", "task", "CASCADE"),
        _reference("annotation_id", "annotation", "SET NULL"),
        _reference("prediction_id", "prediction", "SET NULL"),
    )
    for column in ("annotation_id", "prediction_id"):
        op.create_index(op.f(f"ix_channel_result_{column}"), "channel_result", [column])
    op.create_index(
        "ix_channel_result_listed", "channel_result", ["project_id", "pack", "outcome", "task_id"]
    )


def downgrade() -> None:
    op.drop_table("channel_result")
    op.execute("DELETE FROM job WHERE kind = 'check_channels'")
    _allow(_KINDS_BEFORE)


def _reference(column: str, table: str, on_delete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{table}.id"],
        name=op.f(f"fk_channel_result_{column}_{table}"),
        ondelete=on_delete,
    )


def _allow(kinds: tuple[str, ...]) -> None:
    """Lets jobs be of these kinds."""
    name = op.f("ck_job_jobkind")
    with op.batch_alter_table("job") as job:
        job.drop_constraint(name, type_="check")
        job.create_check_constraint(name, f"kind IN ({', '.join(map(repr, kinds))})")
