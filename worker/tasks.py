"""The Celery tasks: names and queues. Each calls one function that does the work."""

import logging
from collections.abc import Callable

from hemline.store.clock_set_back import bring_dates_back, dates_lie_ahead
from hemline.store.loop.ticks import take_tick
from worker.app import app
from worker.check_channels import check_channels as check_for_channels
from worker.export import export_masks
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_all
from worker.pool.improve_network import improve_network, improve_when_idle
from worker.pool.predict_pool import predict_pool
from worker.review.follow_verdicts import follow_verdicts
from worker.review.rank_job import rank_project, rank_when_due
from worker.review.show_reviews import show_reviews
from worker.review.signals import compute_signals
from worker.second_looks.blind_twins import work_on_twins
from worker.second_looks.show_returns import show_returns
from worker.services import Services, get_services
from worker.shadow.compare_labels import compare_labels
from worker.shadow.watch import watch_shadows
from worker.sweep import sweep_once
from worker.tidy import tidy as tidy_up
from worker.training.follow_ups import follow_up_after
from worker.training.supervise import train_run
from worker.training.triggers import train_on_schedule

log = logging.getLogger(__name__)


@app.task(name="worker.ingest")
def ingest() -> None:
    """Works on the deliveries that wait, in order."""
    ingest_deliveries(get_services())


@app.task(name="worker.predict_pool")
def predict(job_id: int) -> None:
    """Predicts a project's unlabelled tasks with its champion and imports the masks."""
    predict_pool(get_services(), job_id)


@app.task(name="worker.shadow")
def shadow() -> None:
    """Compares what people made of photos with candidates in shadow and their champions."""
    compare_labels(get_services())


@app.task(name="worker.signals")
def signals() -> None:
    """Computes the signals that wait, then queues the rankings that are due."""
    compute_signals(get_services())
    rank_when_due(get_services())


@app.task(name="worker.rank")
def rank(job_id: int) -> None:
    """Learns from a project's labels and verdicts, and places every label and photo anew."""
    rank_project(get_services(), job_id)


@app.task(name="worker.export")
def export(job_id: int) -> None:
    """Writes the masks that somebody ordered into a folder."""
    export_masks(get_services(), job_id)


@app.task(name="worker.check_channels")
def check_channels(job_id: int) -> None:
    """Finds out which cut-outs of a project the channels that somebody chose would take."""
    check_for_channels(get_services(), job_id)


@app.task(name="worker.train")
def train(run_id: int) -> None:
    """Trains, judges and promotes or rejects, in a process of its own; then queues what follows."""
    train_run(get_services(), run_id)
    follow_up_after(get_services(), run_id)


@app.task(name="worker.improve")
def improve(version_id: int) -> None:
    """Brings a version's network into a quicker form."""
    improve_network(get_services(), version_id)


@app.task(name="worker.sweep")
def sweep(every_s: float | None = None) -> None:
    """Sends again what nobody works on. every_s: given by the schedule, as for all below."""
    if _is_due("sweep", every_s):
        sweep_once(get_services())


@app.task(name="worker.reconcile")
def reconcile(every_s: float | None = None) -> None:
    """Takes in what webhooks lost."""
    if _is_due("reconcile", every_s):
        reconcile_all(get_services())


@app.task(name="worker.schedule")
def schedule(every_s: float | None = None) -> None:
    """Starts what is due by time, and has Label Studio show what is to be looked at."""
    if not _is_due("schedule", every_s):
        return
    looks: tuple[Callable[[Services], object], ...] = (
        _after_a_clock_that_was_wrong,
        train_on_schedule,
        rank_when_due,
        improve_when_idle,
        follow_verdicts,
        show_reviews,
        show_returns,
        work_on_twins,
        watch_shadows,
    )
    for look in looks:
        try:
            look(get_services())
        except Exception:  # it must not keep those after it from every tick
            log.exception("the schedule's %s failed; the rest goes on", look.__name__.strip("_"))


@app.task(name="worker.tidy")
def tidy(every_s: float | None = None) -> None:
    """Removes what killed processes left behind."""
    if _is_due("tidy", every_s):
        tidy_up(get_services())


def _is_due(name: str, every_s: float | None) -> bool:
    """Whether a tick is to be worked on: not if it waited with others. Work asked for always is."""
    if every_s is None:
        return True
    with get_services().store.session() as session:
        return take_tick(session, name, every_s)


def _after_a_clock_that_was_wrong(services: Services) -> None:
    store = services.store
    with store.reading() as session:
        if not dates_lie_ahead(session):
            return
    with store.session() as session:
        changed = bring_dates_back(session)
    log.warning("the clock was put back: %d dates that lay ahead are now's", changed)
