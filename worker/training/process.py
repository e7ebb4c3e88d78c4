"""One training in a process of its own: `python -m worker.training.process RUN_ID [DEVICES]`.

Takes the run's lease first and loads torch then: an attempt that dies while loading is counted.
Of several devices it starts a process each, the first of which goes on with the lease.
"""

import logging
import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from hemline.errors import ArtifactsUnavailable, HemlineError, ModelError
from hemline.segmentation.ranks.place import EXIT_ALL_DONE, RankPlace, my_place, settle
from hemline.settings import Settings, get_settings
from hemline.store.models.runs import acquire_run, fail_run, get_run, postpone_run
from hemline.store.tables.loop import TrainingRun
from hemline.telemetry.record import start_recording, stop_recording
from hemline.telemetry.spans import span
from worker.lease import RunLease, new_owner
from worker.logs import configure_logging
from worker.services import Services, build_services
from worker.training.exits import EXIT_CRASHED, EXIT_DONE, EXIT_LEASE_LOST, EXIT_NOT_NOW
from worker.training.shared_checkpoint import forget_checkpoints
from worker.training.snapshot_samples import PhotosAway
from worker.training.supervise import remove_work

if TYPE_CHECKING:
    from hemline.segmentation.ranks.team import Team

log = logging.getLogger(__name__)

_AWAY_S = 60.0
_OWNER = "HEMLINE_RUN_OWNER"  # of the lease that the launcher took for its processes


def main(run_id: int, devices: int = 1) -> int:
    """Trains the run if nobody else has it. Returns the exit status."""
    settings = get_settings()
    configure_logging(settings.log_level)
    place = my_place()
    if place is not None and place.rank > 0:
        team = _join(settings, place)
        from hemline.segmentation.ranks.follow import follow

        follow(team)
        return EXIT_DONE
    if place is None and devices > 1:
        return _launch(build_services(settings), run_id, devices)
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


def _launch(services: Services, run_id: int, devices: int) -> int:
    """Runs this module as several processes that train together, the first with this lease."""
    owner = new_owner()
    run = _acquired(services, run_id, owner)
    if run is None:
        return EXIT_NOT_NOW
    with _lease(services, run, owner):
        from hemline.segmentation.ranks.launch import launch
    os.environ[_OWNER] = owner
    try:
        return launch(["-m", "worker.training.process", str(run_id)], devices)
    except ModelError as error:
        log.error("run %d: %s", run_id, error)
        return EXIT_CRASHED


def _join(settings: Settings, place: RankPlace) -> "Team":
    settle(place)
    from hemline.segmentation.ranks.joining import join_team

    return join_team(place, settings.device, settings.training_strategy, settings.home_path)


def _take(services: Services, run_id: int) -> int:
    launchers = os.environ.get(_OWNER)
    owner = launchers or new_owner()
    if launchers:
        with services.store.reading() as session:
            run: TrainingRun | None = get_run(session, run_id)
    else:
        run = _acquired(services, run_id, owner)
    if run is None:
        return EXIT_NOT_NOW
    with _lease(services, run, owner) as lease:
        if launchers:  # which renews it no more
            lease.report(run.epoch, run.epochs)
        return _train(services, run, lease)


def _acquired(services: Services, run_id: int, owner: str) -> TrainingRun | None:
    with services.store.session() as session:
        if acquire_run(session, run_id, owner, services.settings.lease_s):
            return get_run(session, run_id)
    log.info("run %d is another's", run_id)
    return None


def _lease(services: Services, run: TrainingRun, owner: str) -> RunLease:
    return RunLease(
        services.store,
        run.id,
        owner,
        services.settings.lease_s,
        epoch=run.epoch,
        epochs=run.epochs,
    )


def _train(services: Services, run: TrainingRun, lease: RunLease) -> int:
    """Ends the run in the store in every case but a crash, which the next attempt resumes."""
    place, team = my_place(), None
    try:
        from hemline.segmentation.training.memory import keep_memory
        from worker.training.candidate import train_successor

        keep_memory()
        team = None if place is None else _join(services.settings, place)
        with team or nullcontext():
            train_successor(services, run, lease, team)
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
    return EXIT_ALL_DONE if team is not None and team.is_training else EXIT_DONE


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
