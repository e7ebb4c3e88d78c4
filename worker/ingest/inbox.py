"""Works on the webhook deliveries that wait: in order, each once, none in the way of another."""

import logging
import time

from hemline.store.loop.deliveries import any_to_take, more_to_take_than, next_deliveries
from hemline.store.tables.loop import WebhookDelivery
from hemline.system.people_wait import let_people_go_first
from worker.ingest.in_turn import MAX_ATTEMPTS, InTurn
from worker.services import Services
from worker.traces import DeliveryTraces
from worker.training.triggers import train_on_corrections

log = logging.getLogger(__name__)

_AT_ONCE = 20
_LONGEST_PAUSE_S = 0.25  # before a delivery, while people wait for the backend
_TURN_S = 20.0  # then trainings and signals that are due are asked for, however many still wait


def ingest_deliveries(services: Services) -> int:
    """Works on all that wait, for some seconds at most, then starts the trainings that are due.
    Returns how many it took.

    Of several workers that do this at once, each takes other deliveries. What fails is tried again
    after a while, `MAX_ATTEMPTS` times in all, then it is kept as failed with its reason.
    """
    begin, taken = time.monotonic(), 0
    work, traces = InTurn(services), DeliveryTraces()
    while deliveries := _take(services):
        for delivery in deliveries:
            let_people_go_first(services.settings.home_path, longest_s=_LONGEST_PAUSE_S)
            with traces.work(delivery):
                work.work_on(delivery)
        work.close()
        taken += len(deliveries)
        if time.monotonic() - begin > _TURN_S:
            services.sender.send("worker.ingest", queue="ingest")
            break
    for ls_project_id in sorted(work.changed):
        try:
            with traces.what_follows(ls_project_id):
                train_on_corrections(services, ls_project_id)
        except Exception:
            log.exception("project %d: no training was queued", ls_project_id)
    if work.has_saved:
        services.sender.send("worker.signals", queue="housekeeping")
    return taken


def is_behind(services: Services) -> bool:
    """Whether more deliveries wait than are taken at once, so that other work should wait too."""
    with services.store.reading() as session:
        return more_to_take_than(session, _AT_ONCE, window_s=services.settings.lease_s)


def _take(services: Services) -> list[WebhookDelivery]:
    window_s = services.settings.lease_s
    with services.store.reading() as session:
        if not any_to_take(session, window_s=window_s):
            return []
    with services.store.session() as session:
        return next_deliveries(session, _AT_ONCE, MAX_ATTEMPTS, window_s=window_s)
