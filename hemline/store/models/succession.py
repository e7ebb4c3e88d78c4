"""Another champion because a person said so, and all that follows, in one transaction."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hemline.store.loop.jobs import queue_job
from hemline.store.loop.predictions import forget_sends
from hemline.store.models.models import promote, rollback
from hemline.store.states import JobKind
from hemline.store.tables.loop import Job, ModelVersion


@dataclass(frozen=True, slots=True)
class Succession:
    """The champion there is now, and the queued job that predicts the unlabelled tasks with it.

    Tell the worker of the job once the transaction is committed: `send("worker.predict_pool",
    job.id, queue="predict")`. If the broker is away, the worker's sweep finds it.
    """

    champion: ModelVersion
    job: Job


def promote_by_hand(session: Session, version_id: int) -> Succession:
    """Makes a version champion, whatever the test said. Raises StoreError if there is none."""
    return _with_job(session, promote(session, version_id))


def roll_back(session: Session, project_id: int) -> Succession:
    """Goes back to the champion before. Raises StoreError if none came before."""
    return _with_job(session, rollback(session, project_id))


def _with_job(session: Session, version: ModelVersion) -> Succession:
    # Label Studio lost these predictions when a later version took their place.
    forget_sends(session, version.project_id, version.id)
    return Succession(version, queue_job(session, version.project_id, JobKind.PREDICT_POOL, {}))
