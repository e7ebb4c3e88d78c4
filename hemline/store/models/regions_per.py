"""What is one region of a project's pre-fills, as people set it, and what follows of a change."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hemline.masks.parts import RegionsPer
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.predictions import forget_sends
from hemline.store.loop.projects import lock_project
from hemline.store.models.models import champion
from hemline.store.states import JobKind
from hemline.store.tables.loop import Job, Project


def read_regions_per(session: Session, project_id: int) -> RegionsPer:
    """What is one region of the project's pre-fills; of a project that is not stored, a label."""
    stored = session.scalar(select(Project.regions_per).where(Project.id == project_id))
    return RegionsPer(stored) if stored else RegionsPer.LABEL


def change_regions_per(session: Session, project_id: int, wanted: RegionsPer) -> Job | None:
    """Sets it. What the champion predicted for unlabelled tasks goes to Label Studio again, in the
    place of the regions that it has, by the job that is returned; no model runs for that. None:
    there is nothing to do.

    Tell the worker of the job once the transaction is committed: `send("worker.predict_pool",
    job.id, queue="predict")`. If the broker is away, the worker's sweep finds it.

    Raises:
        StoreError: there is no such project.
    """
    lock_project(session, project_id)
    if read_regions_per(session, project_id) is wanted:
        return None
    session.execute(
        update(Project).where(Project.id == project_id).values(regions_per=wanted.value)
    )
    version = champion(session, project_id)
    if version is None:
        return None
    forget_sends(session, project_id, version.id)
    return queue_job(session, project_id, JobKind.PREDICT_POOL, {})
