"""What starts a training: a bag and specialists too, after a promotion by corrections."""

from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | None = None
depends_on: str | None = None

_BEFORE = ("corrections", "schedule", "button", "command", "pseudo_labels")
_NEW = ("bagging", "specialists")


def upgrade() -> None:
    _allow((*_BEFORE, *_NEW))


def downgrade() -> None:
    listed = ", ".join(map(repr, _NEW))
    op.execute(f"UPDATE training_run SET trigger = 'command' WHERE trigger IN ({listed})")
    _allow(_BEFORE)


def _allow(triggers: tuple[str, ...]) -> None:
    """Lets trainings be started by these."""
    name = op.f("ck_training_run_runtrigger")
    with op.batch_alter_table("training_run") as run:
        run.drop_constraint(name, type_="check")
        run.create_check_constraint(name, f'"trigger" IN ({", ".join(map(repr, triggers))})')
