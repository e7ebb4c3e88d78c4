"""Trainings on pseudo-labels: what starts them, that they give way, and the photos they used."""

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None

_STATES = ("queued", "running", "succeeded", "failed")
_TRIGGERS = ("corrections", "schedule", "button", "command")
_COLUMNS = (
    "id, project_id, snapshot_id, state, trigger, attempts, reached, lease_owner, lease_from, "
    "lease_until, epoch, epochs, problem, model_version_id, created_at, started_at, finished_at"
)


def upgrade() -> None:
    op.add_column(
        "task",
        sa.Column("pseudo_labelled", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _allow((*_STATES, "superseded"), (*_TRIGGERS, "pseudo_labels"))


def downgrade() -> None:
    op.execute("UPDATE training_run SET state = 'failed' WHERE state = 'superseded'")
    op.execute("UPDATE training_run SET trigger = 'command' WHERE trigger = 'pseudo_labels'")
    _allow(_STATES, _TRIGGERS)
    op.drop_column("task", "pseudo_labelled")


def _allow(states: tuple[str, ...], triggers: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for column, kind, values in (
            ("state", "runstate", states),
            ("trigger", "runtrigger", triggers),
        ):
            listed = ", ".join(f"'{value}'" for value in values)
            name = op.f(f"ck_training_run_{kind}")
            op.drop_constraint(name, "training_run")
            op.create_check_constraint(name, "training_run", f"{column} IN ({listed})")
        return
    op.drop_index("ix_training_run_state_lease", "training_run")
    op.rename_table("training_run", "training_run_before")
    op.create_table(
        "training_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "project_id",
            sa.Integer(),
            sa.ForeignKey("project.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "snapshot_id", sa.Integer(), sa.ForeignKey("dataset_snapshot.id"), nullable=False
        ),
        sa.Column("state", _choice("runstate", states), nullable=False),
        sa.Column("trigger", _choice("runtrigger", triggers), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(128)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String()),
        sa.Column("model_version_id", sa.Integer(), sa.ForeignKey("model_version.id")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("lease_from", sa.DateTime(timezone=True)),
        sa.Column("reached", sa.Integer(), nullable=False, server_default="0"),
    )
    op.execute(f"INSERT INTO training_run ({_COLUMNS}) SELECT {_COLUMNS} FROM training_run_before")
    op.drop_table("training_run_before")
    op.create_index("ix_training_run_state_lease", "training_run", ["state", "lease_until"])


def _choice(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32, create_constraint=True)
