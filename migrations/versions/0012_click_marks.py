"""A task can be marked about a click that did nothing."""

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

_BEFORE = ("task", "photo", "prefill", "sending")
_COLUMNS = "task_id, source, problem, tries, try_at"


def upgrade() -> None:
    _allow((*_BEFORE, "click"))


def downgrade() -> None:
    op.execute("DELETE FROM task_problem WHERE source = 'click'")
    _allow(_BEFORE)


def _allow(sources: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        listed = ", ".join(f"'{source}'" for source in sources)
        op.drop_constraint(op.f("ck_task_problem_problemsource"), "task_problem")
        op.create_check_constraint(
            op.f("ck_task_problem_problemsource"), "task_problem", f"source IN ({listed})"
        )
        return
    op.drop_index("ix_task_problem_try_at", "task_problem")
    op.rename_table("task_problem", "task_problem_before")
    op.create_table(
        "task_problem",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("source", _source(sources), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="1"),
        sa.Column(
            "try_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default="2000-01-01 00:00:00",
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["task.id"],
            name=op.f("fk_task_problem_task_id_task"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("task_id", "source", name=op.f("pk_task_problem")),
    )
    op.execute(f"INSERT INTO task_problem ({_COLUMNS}) SELECT {_COLUMNS} FROM task_problem_before")
    op.drop_table("task_problem_before")
    op.create_index("ix_task_problem_try_at", "task_problem", ["try_at"])


def _source(sources: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(
        *sources, name="problemsource", native_enum=False, length=32, create_constraint=True
    )
