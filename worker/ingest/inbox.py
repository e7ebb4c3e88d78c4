"""Works on the webhook deliveries that wait: in order, each once, none in the way of another."""

import logging

from hemline.errors import ArtifactsUnavailable, HemlineError, LabelStudioUnavailable
from hemline.store.loop.deliveries import (
    begin_delivery,
    fail_delivery,
    finish_delivery,
    next_deliveries,
    postpone_delivery,
)
from hemline.store.tables.loop import WebhookDelivery
from worker.ingest.actions import handle_delivery
from worker.ingest.confirm import ComesTooEarly
from worker.services import Services
from worker.training.triggers import train_on_corrections

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
_AT_ONCE = 20


def ingest_deliveries(services: Services) -> int:
    """Works on all that wait, then starts the trainings that are due. Returns how many it took.

    Of several workers that do this at once, each takes other deliveries. What fails is tried again
    after a while, `MAX_ATTEMPTS` times in all, then it is kept as failed with its reason.
    """
    taken = 0
    projects: set[int] = set()
    while True:
        with services.store.session() as session:
            deliveries = next_deliveries(
                session, _AT_ONCE, MAX_ATTEMPTS, window_s=services.settings.lease_s
            )
        if not deliveries:
            break
        for delivery in deliveries:
            with services.store.session() as session:
                ours = begin_delivery(session, delivery)
            if ours and _work_on(services, delivery) and delivery.ls_project_id is not None:
                projects.add(delivery.ls_project_id)
        taken += len(deliveries)
    for ls_project_id in sorted(projects):
        try:
            train_on_corrections(services, ls_project_id)
        except Exception:
            log.exception("project %d: no training was queued", ls_project_id)
    return taken


def _work_on(services: Services, delivery: WebhookDelivery) -> bool:
    """Whether the delivery is done."""
    problem, final = "", False
    try:
        handle_delivery(services, delivery)
    except (LabelStudioUnavailable, ArtifactsUnavailable) as error:
        with services.store.session() as session:
            postpone_delivery(session, delivery.id, str(error))
        return False
    except ComesTooEarly as error:
        if delivery.attempts < MAX_ATTEMPTS:
            problem = str(error)
    except HemlineError as error:
        problem, final = str(error), True
    except (KeyError, TypeError, ValueError) as error:
        log.exception("delivery %d is not what Label Studio sends", delivery.id)
        problem, final = f"the payload is not what Label Studio sends ({error!r})", True
    except Exception as error:
        log.exception("delivery %d failed", delivery.id)
        problem, final = f"{type(error).__name__}: {error}", delivery.attempts >= MAX_ATTEMPTS
    with services.store.session() as session:
        if problem:
            fail_delivery(session, delivery.id, problem, final)
        else:
            finish_delivery(session, delivery.id)
    if problem:
        log.warning("delivery %d (%s): %s", delivery.id, delivery.action, problem)
    return not problem
