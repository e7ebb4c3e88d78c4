"""When a training starts: after enough corrections, by time, or because somebody asked."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config
from hemline.store.database.clock import database_now
from hemline.store.loop.annotations import corrections_since
from hemline.store.loop.projects import get_project, list_projects, not_known
from hemline.store.models.follow_ups import had_follow_up
from hemline.store.models.models import champion
from hemline.store.models.readiness import Readiness
from hemline.store.models.readiness import readiness as count_readiness
from hemline.store.models.runs import (
    active_run,
    counted_run,
    failures_since,
    gives_way,
    last_run,
    queue_run,
)
from hemline.store.models.snapshots import take_snapshot
from hemline.store.shadow.shadows import running_shadow
from hemline.store.states import RunState, RunTrigger
from hemline.store.tables.loop import DatasetSnapshot, Project, TrainingRun
from worker.services import Services

log = logging.getLogger(__name__)

_FIRST_REST = timedelta(minutes=10)  # after a run that failed
_LONGEST_REST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What became of a request: the run that was queued, if one was, and a sentence for people."""

    run_id: int | None
    sentence: str


def train_on_corrections(services: Services, ls_project_id: int) -> TrainingRequest | None:
    """Queues a run if enough corrections have come since the last one that did not fail."""
    with services.store.reading() as session:
        project = get_project(session, ls_project_id)
    if project is None or project.problem:
        return None
    ready = readiness(services, project)
    if ready.corrections < ready.needed or _rests(services, project, ready.needed):
        return None
    if waits_for_shadow(services, project):
        return None
    return request_training(services, ls_project_id, RunTrigger.CORRECTIONS)


def train_on_schedule(services: Services) -> None:
    """Queues a run for each project whose last one that did not fail is long enough ago, if it has
    corrections."""
    hours = services.settings.retrain_every_h
    if not hours:
        return
    with services.store.reading() as session:
        projects = [project for project in list_projects(session) if not project.problem]
        last = {project.id: counted_run(session, project.id) for project in projects}
        now = database_now(session)
    for project in projects:
        run = last[project.id]
        since = run.created_at if run is not None else project.created_at
        if now - since < timedelta(hours=hours):
            continue
        ready = readiness(services, project)
        if (
            ready.corrections
            and not _rests(services, project, ready.needed)
            and not waits_for_shadow(services, project)
        ):
            request_training(services, project.ls_project_id, RunTrigger.SCHEDULE)


def due_for(services: Services, ls_project_id: int, trigger: RunTrigger) -> Project | None:
    """The project, if its champion may have a follow-up of this kind now without being asked for:
    it had none, no training on new corrections is due, and no candidate is in shadow."""
    with services.store.reading() as session:
        project = get_project(session, ls_project_id)
        version = champion(session, project.id) if project is not None else None
        if project is None or version is None or had_follow_up(session, version, trigger):
            return None
    ready = readiness(services, project)
    if ready.corrections >= ready.needed or refusal(services, project, trigger):
        return None
    return None if waits_for_shadow(services, project) else project


def waits_for_shadow(services: Services, project: Project) -> bool:
    """Whether a candidate is in shadow, so that no training starts by itself: its candidate would
    take the place of one that is not decided on yet, and so none might ever be."""
    if services.settings.promotion_by == "gold":
        return False
    with services.store.reading() as session:
        return running_shadow(session, project.id) is not None


def _rests(services: Services, project: Project, needed: int) -> bool:
    """Whether the last runs failed so recently that another one by itself would fail as they did:
    after each it rests for longer, unless as many corrections have come since as start a run."""
    with services.store.reading() as session:
        last = last_run(session, project.id, follow_ups=False)
        if last is None or last.state is not RunState.FAILED or last.finished_at is None:
            return False
        if corrections_since(session, project.id, last.created_at) >= needed:
            return False
        failures = failures_since(session, project.id, counted_run(session, project.id))
        ago = database_now(session) - last.finished_at
    doubled: int = 2 ** min(failures - 1, 10)
    return ago < min(_LONGEST_REST, _FIRST_REST * doubled)


def request_training(
    services: Services, ls_project_id: int, trigger: RunTrigger
) -> TrainingRequest:
    """Takes a snapshot and queues a run, or says in one sentence why not."""
    request = _request(services, ls_project_id, trigger)
    send(services, ls_project_id, request)
    return request


def send(services: Services, ls_project_id: int, request: TrainingRequest) -> None:
    """Has the run that was queued, if one was, worked on."""
    if request.run_id is not None:
        services.sender.send("worker.train", request.run_id, queue="train")
    log.info("project %d: %s", ls_project_id, request.sentence)


def readiness(services: Services, project: Project) -> Readiness:
    """What the project has towards its next training."""
    with services.store.reading() as session:
        return count_readiness(
            session,
            project,
            retrain_after=services.settings.retrain_after,
            gold_minimum=services.settings.gold_minimum,
        )


def _request(services: Services, ls_project_id: int, trigger: RunTrigger) -> TrainingRequest:
    with services.store.reading() as session:
        project = get_project(session, ls_project_id)
    if project is None:
        return TrainingRequest(None, not_known(ls_project_id))
    if reason := refusal(services, project, trigger):
        return TrainingRequest(None, reason)
    labels = parse_label_config(project.label_config).labels
    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, project.id, labels)
        run = queue_run(session, project.id, snapshot.id, trigger)
    return queued(run, snapshot)


def queued(run: TrainingRun | None, snapshot: DatasetSnapshot) -> TrainingRequest:
    """The request that made this run, or None where another one came first."""
    if run is None:
        return TrainingRequest(None, "a training has been queued in the meantime")
    counts = ", ".join(f"{number} {split}" for split, number in sorted(snapshot.counts.items()))
    return TrainingRequest(run.id, f"training run {run.id} is queued on {counts} photos")


def refusal(services: Services, project: Project, trigger: RunTrigger) -> str | None:
    """Why no training can start now, in a sentence; None if one can."""
    if project.problem:
        return f"no training: {project.problem}"
    try:
        parse_label_config(project.label_config)
    except LabelConfigError as error:
        return f"no training: {error}"
    with services.store.reading() as session:
        active = active_run(session, project.id)
    if active is not None and not gives_way(active, trigger):
        return (
            f"run {active.id} is already {active.state}, epoch {active.epoch} of "
            f"{active.epochs or '?'}; another can start when it is done"
        )
    ready = readiness(services, project)
    if not ready.has_training_tasks:
        return "no training: there are no corrections to train on yet; submit some annotations"
    if ready.gold_garments < ready.gold_minimum:
        return (
            f"no training: {ready.gold_garments} gold garments are corrected and "
            f"{ready.gold_minimum} are needed to judge a model; correct photos of more garments"
        )
    return None
