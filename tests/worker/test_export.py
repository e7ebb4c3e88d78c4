"""An export job: written by the worker, taken up again, put off while photos cannot be had."""

from collections.abc import Callable
from typing import Any

import pytest

from hemline.export.formats.registry import FormatName
from hemline.export.manifest import MANIFEST, read_manifest
from hemline.export.order import ExportOrder
from hemline.store.loop.jobs import get_job, queue_job
from hemline.store.reports.export_masks import ExportFilter
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import Job, Project
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.export import export_masks
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]
ORDER = ExportOrder(FormatName.CUTOUTS, ExportFilter(view="Front"))


@pytest.fixture
def job_id(services: Services, fake: FakeLabelStudio, project: Project, deliver: Deliver) -> int:
    """Two corrected photos, of which one is a front, and an order of the fronts."""
    for task in (1, 2):
        deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(task, brush(disc(task - 1)[1]))))
    ingest_deliveries(services)
    with services.store.session() as session:
        return queue_job(session, project.id, JobKind.EXPORT, ORDER.arguments()).id


def job_of(services: Services, job_id: int) -> Job:
    with services.store.reading() as session:
        return get_job(session, job_id)


def test_what_was_ordered_is_written(services: Services, job_id: int) -> None:
    export_masks(services, job_id)
    job = job_of(services, job_id)
    assert (job.state, job.done, job.total) == (JobState.DONE, 1, 1)
    folder = ORDER.folder(services.settings, 7)
    assert [path.name for path in (folder / "cutouts").iterdir()] == ["G00_Front.png"]


def test_it_waits_while_label_studio_is_away(
    services: Services, fake: FakeLabelStudio, job_id: int
) -> None:
    fake.stop()
    for path in (services.settings.home_path / "photos").rglob("*"):
        if path.is_file():
            path.unlink()
    export_masks(services, job_id)
    assert job_of(services, job_id).state is not JobState.FAILED
    fake.start()
    with services.store.session() as session:
        get_job(session, job_id).lease_until = job_of(services, job_id).created_at
    export_masks(services, job_id)
    assert job_of(services, job_id).state is JobState.DONE


def test_a_photo_that_is_gone_is_told_in_the_manifest(
    services: Services, fake: FakeLabelStudio, job_id: int
) -> None:
    fake.files.clear()
    for path in (services.settings.home_path / "photos").rglob("*"):
        if path.is_file():
            path.unlink()
    export_masks(services, job_id)
    assert job_of(services, job_id).state is JobState.DONE
    (record,) = read_manifest(ORDER.folder(services.settings, 7) / MANIFEST)
    assert "404" in (record.problem or "")


def test_an_order_that_cannot_be_read_fails_with_a_sentence(
    services: Services, project: Project
) -> None:
    with services.store.session() as session:
        job_id = queue_job(session, project.id, JobKind.EXPORT, {"format": "gif"}).id
    export_masks(services, job_id)
    job = job_of(services, job_id)
    assert job.state is JobState.FAILED
    assert "holds an export order that cannot be read" in (job.problem or "")
