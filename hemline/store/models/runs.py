"""Training runs: one at a time in a project, each owned through a lease."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from hemline.errors import StoreError
from hemline.store.database.clock import database_now
from hemline.store.loop import leases
from hemline.store.loop.projects import lock_project
from hemline.store.states import FOLLOW_UPS, RunState, RunTrigger
from hemline.store.tables.loop import TrainingRun


def queue_run(
    session: Session, project_id: int, snapshot_id: int, trigger: RunTrigger
) -> TrainingRun | None:
    """A new queued run, or None if the project has one that is queued or running.

    A queued follow-up is superseded by any other.
    """
    lock_project(session, project_id)
    active = active_run(session, project_id)
    if active is not None and not (gives_way(active, trigger) and _supersede(session, active.id)):
        return None
    run = TrainingRun(
        project_id=project_id,
        snapshot_id=snapshot_id,
        trigger=trigger,
        state=RunState.QUEUED,
        created_at=database_now(session),
    )
    session.add(run)
    session.flush()
    return run


def active_run(session: Session, project_id: int) -> TrainingRun | None:
    """The project's queued or running run."""
    return session.scalar(
        select(TrainingRun).where(
            TrainingRun.project_id == project_id,
            TrainingRun.state.in_([RunState.QUEUED, RunState.RUNNING]),
        )
    )


def active_runs(session: Session) -> Sequence[TrainingRun]:
    """All queued and running runs, with their projects."""
    return session.scalars(
        select(TrainingRun)
        .where(TrainingRun.state.in_([RunState.QUEUED, RunState.RUNNING]))
        .order_by(TrainingRun.id)
        .options(joinedload(TrainingRun.project))
    ).all()


def gives_way(active: TrainingRun, trigger: RunTrigger) -> bool:
    """Whether an active run makes room for another: a follow-up that has not begun, for one on
    corrections."""
    return (
        active.state is RunState.QUEUED
        and active.trigger in FOLLOW_UPS
        and trigger not in FOLLOW_UPS
    )


def _supersede(session: Session, run_id: int) -> bool:
    """False if somebody has begun the run meanwhile."""
    statement = (
        update(TrainingRun)
        .where(TrainingRun.id == run_id, TrainingRun.state == RunState.QUEUED)
        .values(
            state=RunState.SUPERSEDED,
            problem="it gave way to a training on newer corrections",
            finished_at=database_now(session),
        )
    )
    return session.scalar(statement.returning(TrainingRun.id)) is not None


def acquire_run(
    session: Session, run_id: int, owner: str, lease_s: float, *, now: datetime | None = None
) -> bool:
    """Takes the run for `lease_s` seconds if it is queued or its owner fell silent.

    True for exactly one of those who try at once. Each take counts as an attempt.
    """
    now = now or database_now(session)
    return leases.acquire(
        session,
        TrainingRun,
        run_id,
        owner=owner,
        lease_s=lease_s,
        now=now,
        started_at=func.coalesce(TrainingRun.started_at, now),
    )


def heartbeat_run(
    session: Session,
    run_id: int,
    owner: str,
    lease_s: float,
    epoch: int,
    epochs: int,
    *,
    now: datetime | None = None,
) -> bool:
    """Renews the lease and tells how far the run is; False if somebody else has it now.

    epoch: epochs that are done; epochs: all there will be at most. An attempt that gets an epoch
    further than any before was not in vain: attempts are counted again from it.
    """
    return leases.renew(
        session,
        TrainingRun,
        run_id,
        owner=owner,
        lease_s=lease_s,
        now=now or database_now(session),
        progress=epoch,
        epoch=epoch,
        epochs=epochs,
    )


def finish_run(
    session: Session,
    run_id: int,
    owner: str,
    model_version_id: int,
    *,
    now: datetime | None = None,
) -> None:
    """Marks the run as succeeded with the version it made.

    Raises StoreError if the lease was lost, so that nothing of that unit of work is stored.
    """
    finished = leases.change_owned(
        session,
        TrainingRun,
        run_id,
        owner=owner,
        state=RunState.SUCCEEDED,
        problem=None,
        model_version_id=model_version_id,
        finished_at=now or database_now(session),
        lease_until=None,
    )
    if not finished:
        raise StoreError(
            f"training run {run_id} is no longer owned by {owner}; its result is left to the "
            "worker that took it over"
        )


def fail_run(
    session: Session, run_id: int, owner: str | None, problem: str, *, now: datetime | None = None
) -> bool:
    """Marks the run as failed with one sentence; False if it is not `owner`'s or is finished.

    owner: None gives up a run whoever has it.
    """
    values = {
        "state": RunState.FAILED,
        "problem": problem,
        "finished_at": now or database_now(session),
        "lease_until": None,
    }
    if owner is None:
        return leases.change_unfinished(session, TrainingRun, run_id, **values)
    return leases.change_owned(session, TrainingRun, run_id, owner=owner, **values)


def postpone_run(
    session: Session,
    run_id: int,
    owner: str,
    problem: str | None,
    *,
    delay_s: float,
    now: datetime | None = None,
) -> bool:
    """Puts the run off because something it needs is away; not counted as an attempt.

    False if it is not `owner`'s any more. Nobody takes it for `delay_s` seconds.
    """
    now = now or database_now(session)
    return leases.postpone(
        session, TrainingRun, run_id, owner=owner, delay_s=delay_s, now=now, problem=problem
    )


def stale_runs(session: Session, *, now: datetime | None = None) -> list[int]:
    """Ids of runs that nobody works on: queued, or their owner fell silent; oldest first."""
    return leases.free_ids(session, TrainingRun, now or database_now(session))


def is_free(session: Session, run_id: int) -> bool:
    """Whether nobody works on the run and it is not finished."""
    free = leases.is_free(TrainingRun, database_now(session))
    found = session.scalar(select(TrainingRun.id).where(TrainingRun.id == run_id, free))
    return found is not None


def get_run(session: Session, run_id: int) -> TrainingRun:
    """The run with its project, snapshot and version. Raises StoreError if there is none."""
    run = session.scalar(select(TrainingRun).where(TrainingRun.id == run_id).options(*_RELATED))
    if run is None:
        raise StoreError(f"training run {run_id} is not in the store")
    return run


def last_run(session: Session, project_id: int, *, follow_ups: bool = True) -> TrainingRun | None:
    """The project's newest run, whatever became of it; without `follow_ups`, the newest of those
    that corrections started."""
    statement = (
        select(TrainingRun)
        .where(TrainingRun.project_id == project_id)
        .order_by(TrainingRun.id.desc())
        .limit(1)
        .options(*_RELATED)
    )
    if not follow_ups:
        statement = statement.where(_ON_CORRECTIONS)
    return session.scalar(statement)


def counted_run(session: Session, project_id: int) -> TrainingRun | None:
    """The run that new corrections are counted from: the newest that has not failed, apart from
    follow-ups, which nobody's corrections wait for."""
    return session.scalar(
        select(TrainingRun)
        .where(
            TrainingRun.project_id == project_id,
            TrainingRun.state != RunState.FAILED,
            _ON_CORRECTIONS,
        )
        .order_by(TrainingRun.id.desc())
        .limit(1)
    )


def failures_since(session: Session, project_id: int, run: TrainingRun | None) -> int:
    """Runs of the project, without follow-ups, that failed after `run` (None: ever)."""
    failed = select(func.count()).where(
        TrainingRun.project_id == project_id,
        TrainingRun.state == RunState.FAILED,
        _ON_CORRECTIONS,
    )
    if run is not None:
        failed = failed.where(TrainingRun.id > run.id)
    return session.scalar(failed) or 0


def unfinished_runs(session: Session) -> set[int]:
    """Ids of all runs that are queued or running."""
    unfinished = TrainingRun.state.in_([RunState.QUEUED, RunState.RUNNING])
    return set(session.scalars(select(TrainingRun.id).where(unfinished)))


def list_runs(
    session: Session, project_id: int | None = None, *, limit: int = 100
) -> Sequence[TrainingRun]:
    """The newest runs of one project or of all, newest first."""
    statement = select(TrainingRun).order_by(TrainingRun.id.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(TrainingRun.project_id == project_id)
    return session.scalars(statement.options(*_RELATED)).all()


_ON_CORRECTIONS = TrainingRun.trigger.not_in(FOLLOW_UPS)
_RELATED = (
    joinedload(TrainingRun.project),
    joinedload(TrainingRun.snapshot),
    joinedload(TrainingRun.model_version),
)
