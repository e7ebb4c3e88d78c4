"""Runs one training as a child process, so that memory, crashes and kills stay its own."""

import logging
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from hemline.settings import Settings
from hemline.store.models.runs import fail_run, get_run, is_free, postpone_run
from hemline.store.states import RunState
from hemline.system.child_process import ChildProcess
from hemline.telemetry.spans import carrier
from worker.lease import is_owned_by_process
from worker.services import Services
from worker.training.exits import EXIT_DONE, EXIT_LEASE_LOST, EXIT_NOT_NOW
from worker.training.gpu import claim_device
from worker.training.shared_checkpoint import forget_checkpoints

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 6  # that died without another epoch done; there are rests in between
NICE = 19  # serving on the same machine goes first
_UNFINISHED = (RunState.QUEUED, RunState.RUNNING)
_GRACE_S = 1.0
_LOG_LINES = 3


def train_run(services: Services, run_id: int) -> None:
    """Trains a run, unless it is done, somebody has it, or it has failed too often.

    Whoever calls it, and however often: the lease lets one process train a run at a time.
    """
    with services.store.reading() as session:
        run = get_run(session, run_id)
        if not is_free(session, run_id):
            return
    if run.attempts >= MAX_ATTEMPTS:
        _give_up(services, run_id, "its process was killed each time")
        return
    settings = services.settings
    with claim_device(
        services.store, settings.device, settings.lease_s, settings.training_devices
    ) as held:
        if held is None:
            log.info("run %d waits: other trainings have the GPUs", run_id)
            return
        child = ChildProcess(
            f"training run {run_id}",
            [sys.executable, "-m", "worker.training.process", str(run_id), str(held.devices)],
            log_path=run_folder(settings, run_id) / "log",
            env=_environment(held.environment),
            death_signal=signal.SIGKILL,
            nice=NICE,
        )
        child.start()
        held.when_lost(lambda: child.send_signal(signal.SIGKILL))
        log.info("training run %d begins; its log is %s", run_id, child.log_path)
        try:
            status = child.wait()
        finally:
            cut_short, pid = child.is_running(), child.pid  # this worker is asked to end
            child.stop(grace_s=_GRACE_S)
            if cut_short:
                _hand_back(services, run_id, pid)
    _after(services, run_id, status, child)


def _hand_back(services: Services, run_id: int, pid: int) -> None:
    """The run of a process that was ended with its worker goes on at once, and lost no attempt."""
    with services.store.session() as session:
        owner = get_run(session, run_id).lease_owner
        if owner is not None and is_owned_by_process(owner, pid):
            postpone_run(session, run_id, owner, None, delay_s=0.0)


def run_folder(settings: Settings, run_id: int) -> Path:
    """Where a run keeps its checkpoint, its pixel cache and its log."""
    return settings.home_path / "runs" / str(run_id)


def remove_work(settings: Settings, run_id: int) -> None:
    """Removes what a run that is over worked with; its log stays."""
    shutil.rmtree(run_folder(settings, run_id) / "work", ignore_errors=True)


def _environment(environment: Mapping[str, str]) -> dict[str, str] | None:
    trace = {name.upper(): value for name, value in carrier().items()}
    return {**os.environ, **environment, **trace} if environment or trace else None


def _after(services: Services, run_id: int, status: int | None, child: ChildProcess) -> None:
    """A process that crashed leaves its run to the sweep, unless that was its last attempt."""
    log.info("the process of training run %d ended with status %s", run_id, status)
    if status in (EXIT_DONE, EXIT_NOT_NOW, EXIT_LEASE_LOST):
        return
    last_words = " / ".join(child.log_tail(_LOG_LINES).split("\n"))
    reason = f"its process ended with status {status} ({last_words})"
    log.error("training run %d: %s; see %s", run_id, reason, child.log_path)
    with services.store.reading() as session:
        run = get_run(session, run_id)
    if run.state in _UNFINISHED and run.attempts >= MAX_ATTEMPTS:
        _give_up(services, run_id, reason)


def _give_up(services: Services, run_id: int, reason: str) -> None:
    folder = run_folder(services.settings, run_id)
    problem = f"given up after {MAX_ATTEMPTS} attempts: {reason}; see {folder / 'log'}"
    with services.store.session() as session:
        fail_run(session, run_id, None, problem)
    remove_work(services.settings, run_id)
    forget_checkpoints(services, run_id)
    log.error("training run %d: %s", run_id, problem)
