"""Long work that somebody orders on a page: queued for the worker, written down, and sent."""

from flask import abort

from backend.dashboard.login.access import current_person
from backend.services import BackendServices
from hemline.store.database.columns import Json
from hemline.store.loop.jobs import active_job, queue_job
from hemline.store.loop.projects import lock_project
from hemline.store.people import record_event
from hemline.store.states import JobKind
from hemline.store.tables.loop import Job, Project


def order_job(
    services: BackendServices,
    project: Project,
    kind: JobKind,
    arguments: Json,
    *,
    name: str,
    busy: str = "",
) -> Job:
    """The job, which the worker's task of its kind will work on in the queue of exports.

    name: of the job in the audit table, before its number. busy: where it is given, a job of the
    kind that is queued or running is not joined by a second one, and this sentence is answered.
    """
    with services.store.session() as session:
        lock_project(session, project.id)  # of two people at once the second is told
        if busy and active_job(session, project.id, kind) is not None:
            abort(409, busy)
        job = queue_job(session, project.id, kind, arguments)
        record_event(
            session,
            current_person().name,
            kind.value,
            project_id=project.id,
            target=f"{name} {job.id}",
            details=arguments,
        )
    services.send(f"worker.{kind.value}", job.id, queue="export")
    return job
