"""Each mark by itself: what is wrong with a task, by what it is about, and with an annotation.

Until now a task had one mark, so that a pre-fill cleared what was said of a correction.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

# A mark that an annotation gave to its task is with the annotation already.
_MARKS = """
    INSERT INTO task_problem (task_id, source, problem)
    SELECT id, 'prefill', problem FROM task WHERE problem IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM annotation WHERE annotation.task_id = task.id
        AND annotation.problem = task.problem
    )
"""
# Of several that a task has now, the first in this order is kept.
_BACK = (
    "SELECT problem FROM task_problem WHERE task_id = task.id ORDER BY source LIMIT 1",
    "SELECT problem FROM annotation WHERE task_id = task.id AND problem IS NOT NULL "
    "AND deleted_at IS NULL ORDER BY id LIMIT 1",
)


def upgrade() -> None:
    op.create_table(
        "task_problem",
        sa.Column(
            "task_id", sa.Integer(), sa.ForeignKey("task.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("source", _source(), primary_key=True),
        sa.Column("problem", sa.String(), nullable=False),
    )
    op.execute(_MARKS)
    op.drop_index("ix_task_problem", "task")
    op.drop_column("task", "problem")
    marked = sa.text("problem IS NOT NULL")
    op.create_index(
        "ix_annotation_problem",
        "annotation",
        ["project_id"],
        sqlite_where=marked,
        postgresql_where=marked,
    )


def downgrade() -> None:
    op.drop_index("ix_annotation_problem", "annotation")
    op.add_column("task", sa.Column("problem", sa.String()))
    op.execute(f"UPDATE task SET problem = coalesce(({_BACK[0]}), ({_BACK[1]}))")
    marked = sa.text("problem IS NOT NULL")
    op.create_index(
        "ix_task_problem", "task", ["project_id"], sqlite_where=marked, postgresql_where=marked
    )
    op.drop_table("task_problem")


def _source() -> sa.Enum:
    return sa.Enum(
        "task",
        "photo",
        "prefill",
        "sending",
        name="problemsource",
        native_enum=False,
        length=32,
        create_constraint=True,
    )
