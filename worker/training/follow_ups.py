"""Trainings that follow a promotion by corrections, one after another: on pseudo-labels, of a bag,
of specialists."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator

from hemline.errors import StoreUnavailable
from hemline.labelstudio.project.config import parse_label_config
from hemline.segmentation.recipe.parts import ENOUGH
from hemline.settings import Settings
from hemline.store.loop.jobs import active_job
from hemline.store.loop.projects import get_project, lock_project, not_known
from hemline.store.models.follow_ups import had_follow_up, is_worth_another, networks_in_words
from hemline.store.models.models import champion
from hemline.store.models.runs import get_run, queue_run
from hemline.store.models.snapshots import Manifest, read_manifest
from hemline.store.states import JobKind, RunTrigger, Split
from hemline.store.tables.loop import DatasetSnapshot, ModelVersion, Project
from worker.services import Services
from worker.training.pseudo_runs import train_on_pseudo_labels
from worker.training.run_recipe import folds, least_garments, recipe_of_project
from worker.training.triggers import TrainingRequest, due_for, queued, refusal, send

log = logging.getLogger(__name__)

_A_FOLD = 2  # garments at least: fewer choose an epoch by chance


def follow_up(services: Services, ls_project_id: int) -> TrainingRequest | None:
    """Queues the first follow-up that is switched on and due, when the pool is predicted.

    Each kind comes once after a promotion by corrections, unless so many corrections are new that
    they start a training themselves. None: nothing was queued.
    """
    request = train_on_pseudo_labels(services, ls_project_id)
    if request is not None and request.run_id is not None:
        return request
    for trigger in _switched_on(services.settings):
        request = _by_itself(services, ls_project_id, trigger)
        if request is not None and request.run_id is not None:
            return request
    return None


def follow_up_after(services: Services, run_id: int) -> None:
    """The next follow-up after a run that promoted nothing. After a promotion, and as long as the
    pool is being predicted, the end of that job asks for it."""
    try:
        with services.store.reading() as session:
            run = get_run(session, run_id)
            if active_job(session, run.project_id, JobKind.PREDICT_POOL) is not None:
                return
        follow_up(services, run.project.ls_project_id)
    except StoreUnavailable:
        raise
    except Exception:  # the run has ended all the same
        log.exception("no training was queued after run %d", run_id)


def request_follow_up(
    services: Services, ls_project_id: int, trigger: RunTrigger
) -> TrainingRequest:
    """Queues a bag or specialists because somebody asked, or says in a sentence why not."""
    with services.store.reading() as session:
        project = get_project(session, ls_project_id)
    if project is None:
        return TrainingRequest(None, not_known(ls_project_id))
    if reason := refusal(services, project, trigger):
        return TrainingRequest(None, reason)
    request = _queue(services, project, trigger, by_itself=False)
    send(services, ls_project_id, request)
    return request


def _switched_on(settings: Settings) -> Iterator[RunTrigger]:
    if settings.bagging:
        yield RunTrigger.BAGGING
    if settings.specialists:
        yield RunTrigger.SPECIALISTS


def _by_itself(
    services: Services, ls_project_id: int, trigger: RunTrigger
) -> TrainingRequest | None:
    project = due_for(services, ls_project_id, trigger)
    if project is None:
        return None
    request = _queue(services, project, trigger, by_itself=True)
    send(services, ls_project_id, request)
    return request


def _queue(
    services: Services, project: Project, trigger: RunTrigger, *, by_itself: bool
) -> TrainingRequest:
    """On the snapshot that the champion was trained on, so that what it brings is the networks'."""
    with services.store.reading() as session:
        version = champion(session, project.id)
        snapshot = version.snapshot if version is not None else None
    if version is None or snapshot is None:
        return TrainingRequest(
            None,
            "no training: there is no model yet that was trained on corrections; start with "
            f"`hemline retrain {project.ls_project_id}`",
        )
    if reason := _obstacle(services, project, trigger, version, snapshot):
        return TrainingRequest(None, f"no training: {reason}")
    corrections = int(snapshot.counts.get(Split.TRAIN, 0))
    with services.store.session() as session:
        lock_project(session, project.id)
        now = champion(session, project.id)
        if now is None or now.id != version.id:
            return TrainingRequest(None, "no training: the champion has just changed; ask again")
        if by_itself and had_follow_up(session, version, trigger):
            return TrainingRequest(None, "such a training has been queued already")
        if by_itself and not is_worth_another(session, project.id, trigger, corrections):
            return TrainingRequest(
                None,
                f"no training: the last ones of this kind ({trigger.value}) were not promoted; "
                "the next one waits for twice as many corrections",
            )
        run = queue_run(session, project.id, snapshot.id, trigger)
    return queued(run, snapshot)


def _obstacle(
    services: Services,
    project: Project,
    trigger: RunTrigger,
    version: ModelVersion,
    snapshot: DatasetSnapshot,
) -> str | None:
    """Why the champion cannot have such a follow-up, as the rest of a sentence."""
    if tuple(snapshot.labels) != tuple(parse_label_config(project.label_config).labels):
        return (
            f"{version.name} was trained on other labels than the project has; train on "
            f"corrections first, with `hemline retrain {project.ls_project_id}`"
        )
    if networks := networks_in_words(version.recipe):
        return f"{version.name} already has several networks ({networks})"
    recipe = recipe_of_project(project, services.settings)
    if recipe.bagging or recipe.specialists:
        return f"every training with the recipe '{recipe.name}' is of several networks already"
    manifest = read_manifest(services.artifacts, snapshot)
    if trigger is RunTrigger.BAGGING:
        return _no_bag(manifest, folds(services.settings))
    if recipe.second_pass:
        return (
            f"the recipe '{recipe.name}' has a second pass, which specialists cannot have; choose "
            "another recipe"
        )
    return _no_specialists(manifest, least_garments(services.settings))


def _no_bag(manifest: Manifest, count: int) -> str | None:
    garments = {
        item.garment
        for item in manifest.items
        if item.split is not Split.GOLD and not item.is_pseudo_label
    }
    if len(garments) >= _A_FOLD * count:
        return None
    return (
        f"a bag of {count} takes {_A_FOLD * count} garments and there are {len(garments)} besides "
        "gold; correct photos of more, or choose a smaller HEMLINE_BAGGING"
    )


def _no_specialists(manifest: Manifest, least: int) -> str | None:
    """A type needs garments to train on and photos to be compared on, and the chooser two types."""
    garments: dict[str, set[str]] = defaultdict(set)
    held: Counter[str] = Counter()
    for item in manifest.items:
        if item.garment_type and item.split is Split.TRAIN:
            garments[item.garment_type].add(item.garment)
        elif item.garment_type and item.split is Split.VALIDATION:
            held[item.garment_type] += 1
    if len(garments) < 2:
        return (
            f"the photos it was trained on name {len(garments)} garment types, and a choice takes "
            "two; name the type in each task's data, as garment_type"
        )
    if any(len(of) >= least and held[name] >= ENOUGH for name, of in garments.items()):
        return None
    largest = max(garments, key=lambda name: (len(garments[name]), name))
    return (
        f"no garment type has {least} garments to train on and {ENOUGH} photos held back "
        f"('{largest}' has {len(garments[largest])} and {held[largest]}); correct more of one, or "
        "choose a smaller HEMLINE_SPECIALISTS"
    )
