"""How long the oldest delivery, job and training have waited."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from hemline.store.database.clock import database_now
from hemline.store.database.engine import Store
from hemline.store.loop.jobs import acquire_job, queue_job
from hemline.store.reports.waiting import oldest_waiting
from hemline.store.states import DeliveryState, JobKind
from hemline.store.tables.loop import Job, Project, WebhookDelivery
from tests.deliveries import record_delivery


def waiting(store: Store) -> dict[str, float]:
    with store.reading() as session:
        return oldest_waiting(session)


def test_nothing_waits(store: Store, project: Project) -> None:
    assert waiting(store) == {"delivery": 0.0, "job": 0.0, "training": 0.0}


def test_the_oldest_counts_and_what_is_worked_on_does_not(store: Store, project: Project) -> None:
    with store.session() as session:
        now = database_now(session)
        for number, minutes in enumerate((5, 20)):
            record_delivery(
                session, digest=f"{number}" * 64, action="x", ls_project_id=7, payload={}
            )
            session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.digest == f"{number}" * 64)
                .values(received_at=now - timedelta(minutes=minutes))
            )
        job = queue_job(session, project.id, JobKind.RANK, {})
        session.execute(update(Job).values(created_at=now - timedelta(hours=1)))
    found = waiting(store)
    assert found["delivery"] == pytest.approx(1200, abs=60)
    assert found["job"] == pytest.approx(3600, abs=60)
    with store.session() as session:
        acquire_job(session, job.id, "test", 60)
        session.execute(update(WebhookDelivery).values(state=DeliveryState.DONE))
    assert waiting(store) == {"delivery": 0.0, "job": 0.0, "training": 0.0}


def test_a_clock_that_was_put_back_makes_nobody_wait_less_than_nothing(
    store: Store, project: Project
) -> None:
    with store.session() as session:
        queue_job(session, project.id, JobKind.RANK, {})
        session.execute(update(Job).values(created_at=database_now(session) + timedelta(days=1)))
    assert waiting(store)["job"] == 0.0
