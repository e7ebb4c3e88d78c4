"""Trainings on pseudo-labels: one after a promotion by corrections, or because somebody asked."""

from hemline.labelstudio.project.config import parse_label_config
from hemline.prefill.starters import never_drawn
from hemline.store.loop.projects import get_project, lock_project, not_known
from hemline.store.models.follow_ups import had_follow_up
from hemline.store.models.models import champion
from hemline.store.models.pseudo_labels import choose_pseudo_labels, enough, mark_pseudo_labelled
from hemline.store.models.runs import queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import Project
from worker.services import Services
from worker.training.triggers import TrainingRequest, due_for, queued, refusal, send

_TRIGGER = RunTrigger.PSEUDO_LABELS


def train_on_pseudo_labels(services: Services, ls_project_id: int) -> TrainingRequest | None:
    """Queues a run on what the champion is sure of, after it has predicted the pool.

    Once for each champion that was trained on corrections alone, and only if there are enough
    photos for it and not so many new corrections that they start a training themselves. None: no
    run is due.
    """
    if not services.settings.pseudo_labels:
        return None
    project = due_for(services, ls_project_id, _TRIGGER)
    if project is None:
        return None
    request = _queue(services, project, by_itself=True)
    send(services, ls_project_id, request)
    return request


def request_pseudo_labels(services: Services, ls_project_id: int) -> TrainingRequest:
    """Queues such a run however many photos there are for it, or says in a sentence why not."""
    with services.store.reading() as session:
        project = get_project(session, ls_project_id)
    if project is None:
        return TrainingRequest(None, not_known(ls_project_id))
    if reason := refusal(services, project, _TRIGGER):
        return TrainingRequest(None, reason)
    request = _queue(services, project, by_itself=False)
    send(services, ls_project_id, request)
    return request


def _queue(services: Services, project: Project, *, by_itself: bool) -> TrainingRequest:
    """The choice of photos, the snapshot and the run in one transaction, which splits wait for."""
    labels = parse_label_config(project.label_config).labels
    least_score = services.settings.pseudo_labels_from
    with services.store.session() as session:
        lock_project(session, project.id)
        version = champion(session, project.id)
        if version is None:
            return TrainingRequest(None, "no training: there is no model yet to draw pseudo-labels")
        if by_itself and had_follow_up(session, version, _TRIGGER):
            return TrainingRequest(None, "a training on pseudo-labels has been queued already")
        if len(labels) > 1 and tuple(version.labels) != tuple(labels):
            return TrainingRequest(
                None,
                f"no training: {version.name} has other labels than the project; train on "
                f"corrections first, with `hemline retrain {project.ls_project_id}`",
            )
        if undrawn := never_drawn(version):
            return TrainingRequest(
                None,
                f"no training: the starter {version.name} never draws '{undrawn[0]}', so that its "
                "masks do not say where there is none; train on corrections first, with "
                f"`hemline retrain {project.ls_project_id}`",
            )
        chosen = choose_pseudo_labels(session, version, least_score=least_score)
        if not chosen or (by_itself and not enough(session, project.id, len(chosen))):
            return TrainingRequest(
                None,
                f"no training: {version.name} is sure of {len(chosen)} unlabelled photos that may "
                f"be trained on (expected Dice from {least_score:g}), which is too few; wait until "
                "it has predicted more, or lower HEMLINE_PSEUDO_LABELS_FROM",
            )
        snapshot = take_snapshot(
            session, services.artifacts, project.id, labels, chosen, version.name
        )
        run = queue_run(session, project.id, snapshot.id, _TRIGGER)
        if run is not None:
            mark_pseudo_labelled(session, chosen)
    return queued(run, snapshot)
