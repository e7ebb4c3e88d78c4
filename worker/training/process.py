"""One training in a process of its own: `python -m worker.training.process RUN_ID`.

Takes the run's lease first and loads torch then: an attempt that dies while loading is counted.
"""

import logging
import os
import sys

from hemline.errors import ArtifactsUnavailable, HemlineError
from hemline.settings import get_settings
from hemline.store.models.runs import acquire_run, fail_run, get_run, postpone_run
from hemline.store.tables.loop import TrainingRun
from hemline.telemetry.record import start_recording, stop_recording
from hemline.telemetry.spans import span
from worker.lease import RunLease, new_owner
from worker.logs import configure_logging
from worker.services import Services, build_services
from worker.training.exits import EXIT_DONE, EXIT_LEASE_LOST, EXIT_NOT_NOW
from worker.training.shared_checkpoint import forget_checkpoints
from worker.training.snapshot_samples import PhotosAway
from worker.training.supervise import remove_work

log = logging.getLogger(__name__)

_AWAY_S = 60.0


def main(run_id: int) -> int:
    """Trains the run if nobody else has it. Returns the exit status."""
    settings = get_settings()
    configure_logging(settings.log_level)
    start_recording(settings, "training")
    try:
        with span(
            "training run",
            after={"traceparent": os.environ.get("TRACEPARENT", "")},
            notes={"hemline.run": run_id},
        ):
            return _take(build_services(settings), run_id)
    finally:
        stop_recording()


def _take(services: Services, run_id: int) -> int:
    settings = services.settings
    owner = new_owner()
    with services.store.session() as session:
        if not acquire_run(session, run_id, owner, settings.lease_s):
            log.info("run %d is another's", run_id)
            return EXIT_NOT_NOW
        run = get_run(session, run_id)
    lease = RunLease(
        services.store, run_id, owner, settings.lease_s, epoch=run.epoch, epochs=run.epochs
    )
    with lease:
        return _train(services, run, lease)


def _train(services: Services, run: TrainingRun, lease: RunLease) -> int:
    """Ends the run in the store in every case but a crash, which the next attempt resumes."""
    try:
        from hemline.segmentation.training.memory import keep_memory
        from worker.training.candidate import train_successor

        keep_memory()
        train_successor(services, run, lease)
    except (PhotosAway, ArtifactsUnavailable) as error:
        log.warning("run %d is put off: %s", run.id, error)
        with lease.ending(), services.store.session() as session:
            delay_s = max(_AWAY_S, error.retry_after_s or 0.0)
            postpone_run(session, run.id, lease.owner, str(error), delay_s=delay_s)
        return EXIT_NOT_NOW
    except HemlineError as error:
        log.error("run %d failed: %s", run.id, error)
        with lease.ending(), services.store.session() as session:
            is_ours = fail_run(session, run.id, lease.owner, str(error))
        if not is_ours:  # whoever took it over goes on from the checkpoints
            return EXIT_LEASE_LOST
    remove_work(services.settings, run.id)
    forget_checkpoints(services, run.id)
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
