"""How long things have waited to be worked on: for a worker, or for what it needs."""

from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hemline.store.database.clock import database_now
from hemline.store.states import DeliveryState, JobState, RunState
from hemline.store.tables.loop import Job, TrainingRun, WebhookDelivery


def oldest_waiting(session: Session) -> dict[str, float]:
    """Seconds that the oldest new delivery, queued job and queued training have waited; 0: none."""
    statements: dict[str, Select[datetime]] = {
        "delivery": select(func.min(WebhookDelivery.received_at)).where(
            WebhookDelivery.state == DeliveryState.NEW
        ),
        "job": select(func.min(Job.created_at)).where(Job.state == JobState.QUEUED),
        "training": select(func.min(TrainingRun.created_at)).where(
            TrainingRun.state == RunState.QUEUED
        ),
    }
    now = database_now(session)
    since = {what: session.scalar(statement) for what, statement in statements.items()}
    return {
        what: 0.0 if when is None else max(0.0, (now - when).total_seconds())
        for what, when in since.items()
    }
