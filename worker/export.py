"""Exports that people order in the dashboard."""

from hemline.export.order import ExportOrder
from hemline.export.reader import Sources
from hemline.export.run import run_export
from worker.jobs import JobAtWork, run_job
from worker.services import Services


def export_masks(services: Services, job_id: int) -> None:
    """Works on an export job, unless somebody else does. After a crash it goes on where it was."""
    run_job(services, job_id, lambda at_work: _export(services, at_work))


def export_sources(services: Services) -> Sources:
    """Where the worker has masks and photos from."""
    return Sources(
        services.store, services.artifacts, services.photos, services.settings.max_pixels
    )


def _export(services: Services, at_work: JobAtWork) -> None:
    order = ExportOrder.read(at_work.job.arguments)
    project = at_work.job.project

    def tell(done: int, total: int) -> None:
        if done in (0, total):
            at_work.tell(done, total)
        else:
            at_work.tell_now_and_then(done)

    folder = order.folder(services.settings, project.ls_project_id)
    sources = export_sources(services)
    run_export(sources, project, order.format_name, order.chosen, folder, tell, order.style)
    shared = order.shared(services.settings, project.ls_project_id)
    if shared is not None:
        shared.send(folder, at_work.stay)
