"""Checkpoints of trainings that are kept as artifacts: which, of which epoch, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from hemline.store.states import RunState
from hemline.store.tables.loop import Checkpoint, TrainingRun


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """The files of a checkpoint: their paths in a run's work folder, with the artifact of each.

    epoch: epochs that were done.
    """

    epoch: int
    files: Mapping[str, str]


def kept_checkpoint(session: Session, run_id: int) -> KeptCheckpoint | None:
    """The run's; None if none is kept."""
    rows = session.scalars(select(Checkpoint).where(Checkpoint.run_id == run_id)).all()
    if not rows:
        return None
    return KeptCheckpoint(rows[0].epoch, {row.path: row.digest for row in rows})


def keep_checkpoint(session: Session, run_id: int, owner: str, kept: KeptCheckpoint) -> bool:
    """Puts a checkpoint in the place of the run's last one; False if the run is not `owner`'s."""
    owned = select(TrainingRun.id).where(
        TrainingRun.id == run_id,
        TrainingRun.lease_owner == owner,
        TrainingRun.state == RunState.RUNNING,
    )
    if session.scalar(owned.with_for_update()) is None:
        return False
    forget_checkpoint(session, run_id)
    rows = [
        {"run_id": run_id, "path": path, "digest": digest, "epoch": kept.epoch}
        for path, digest in kept.files.items()
    ]
    session.execute(insert(Checkpoint), rows)
    return True


def forget_checkpoint(session: Session, run_id: int) -> None:
    """The run has none any more; its artifacts are the caller's to remove."""
    session.execute(delete(Checkpoint).where(Checkpoint.run_id == run_id))


def runs_with_needless_checkpoints(session: Session) -> list[int]:
    """Ids of runs that are over and have a checkpoint all the same."""
    unfinished = TrainingRun.state.in_([RunState.QUEUED, RunState.RUNNING])
    statement = select(TrainingRun.id).where(TrainingRun.id.in_(select(Checkpoint.run_id)))
    return list(session.scalars(statement.where(~unfinished).order_by(TrainingRun.id)))
