"""An export that hosts share: made on one, had on another, sent on after a stop, and tidy."""

import json
from collections.abc import Callable
from typing import Any

import fsspec
import pytest

from hemline.export.formats.registry import FormatName
from hemline.export.order import ExportOrder
from hemline.export.shared import SharedExport
from hemline.settings import Settings, get_settings
from hemline.store.loop.jobs import get_job, queue_job
from hemline.store.reports.export_masks import ExportFilter
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import Job, Project
from tests.plugins.s3 import S3Storage, answers
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.export import export_masks
from worker.ingest.inbox import ingest_deliveries
from worker.jobs import JobLost
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]
ORDER = ExportOrder(FormatName.MASKS, ExportFilter())


@pytest.fixture
def settings(settings: Settings, s3: S3Storage, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEMLINE_ARTIFACT_URL", s3.url)
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
    monkeypatch.setattr("hemline.store.database.storage_url._TRIES", 1)
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture
def correct(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, project: Project
) -> Callable[..., None]:
    def correct(*tasks: int) -> None:
        for task in tasks:
            saved = fake.annotate(task, brush(disc(task - 1)[1]))
            deliver(fake.payload("ANNOTATION_CREATED", saved))
        ingest_deliveries(services)

    return correct


def export(services: Services) -> Job:
    with services.store.session() as session:
        job_id = queue_job(session, 1, JobKind.EXPORT, ORDER.arguments()).id
    export_masks(services, job_id)
    return job_of(services, job_id)


def job_of(services: Services, job_id: int) -> Job:
    with services.store.reading() as session:
        return get_job(session, job_id)


def of_another_host(services: Services) -> SharedExport:
    home = services.settings.home_path.with_name("another home")
    shared = ORDER.shared(services.settings.model_copy(update={"home": home}), 7)
    assert shared is not None
    return shared


def test_another_host_has_every_file(services: Services, correct: Callable[..., None]) -> None:
    correct(1, 2)
    assert export(services).state is JobState.DONE
    folder = ORDER.folder(services.settings, 7)
    files = dict(of_another_host(services).read_all())
    assert {"manifest.jsonl", "summary.json", "export.json", "labels.txt"} < set(files)
    assert sum(name.startswith("masks/") for name in files) == 2
    for name, data in files.items():
        assert data == (folder / name).read_bytes()


def test_again_only_what_is_new_is_sent_and_what_is_gone_goes(
    services: Services, correct: Callable[..., None], fake: FakeLabelStudio, s3: S3Storage
) -> None:
    correct(1, 2)
    export(services)
    before = len(s3.requests)
    correct(3)
    export(services)
    put = [each for each in s3.requests[before:] if each.startswith("PUT") and "exports/" in each]
    assert sum("/masks/" in each for each in put) == 1
    folder = ORDER.folder(services.settings, 7)
    (folder / "masks" / "G00_Back.png").unlink()
    of_another_host(services).send(folder, lambda: None)
    names = set(of_another_host(services).files() or {})
    assert "masks/G00_Back.png" not in names
    kept = [name.partition(f"exports/{folder.name}/")[2] for name in s3.names()]
    assert set(filter(None, kept)) == names | {"files.json"}


def test_it_waits_while_the_bucket_is_away(
    services: Services, correct: Callable[..., None], s3: S3Storage
) -> None:
    correct(1)

    def only_exports(app: Any, environ: Any, start_response: Any) -> Any:
        away = answers("503 Slow Down", "SlowDown")
        is_export = "/exports/" in environ["PATH_INFO"]
        return (away if is_export else lambda app, *rest: app(*rest))(app, environ, start_response)

    s3.fault = only_exports
    job = export(services)
    assert job.state not in (JobState.DONE, JobState.FAILED)
    assert "check HEMLINE_ARTIFACT_URL" in (job.problem or "")
    s3.fault = None
    assert of_another_host(services).files() is None
    with services.store.session() as session:
        get_job(session, job.id).lease_until = job.created_at
    export_masks(services, job.id)
    assert job_of(services, job.id).state is JobState.DONE
    assert of_another_host(services).files()


def test_a_file_that_was_removed_is_left_out(
    services: Services, correct: Callable[..., None], s3: S3Storage
) -> None:
    correct(1, 2)
    export(services)
    (gone,) = [name for name in s3.names() if name.endswith("G00_Back.png")]
    fsspec.filesystem("s3").rm_file(gone)
    names = [name for name, _ in of_another_host(services).read_all()]
    assert "masks/G00_Front.png" in names
    assert "masks/G00_Back.png" not in names


def test_what_a_stopped_sending_changed_is_sent_again(
    services: Services, correct: Callable[..., None]
) -> None:
    """Though its old listing says that it is there as it is."""
    correct(1)
    export(services)
    folder = ORDER.folder(services.settings, 7)
    shared, mask = of_another_host(services), folder / "masks" / "G00_Front.png"
    first = mask.read_bytes()
    left = list(shared.files() or {})

    def stop() -> None:
        left.pop()
        if not left:  # all files are there, and no new listing
            raise JobLost

    mask.write_bytes(b"another mask")
    with pytest.raises(JobLost):
        shared.send(folder, stop)
    assert shared.read("masks/G00_Front.png") == b"another mask"
    mask.write_bytes(first)
    shared.send(folder, lambda: None)
    assert shared.read("masks/G00_Front.png") == first


def test_a_listing_that_is_broken_is_none(services: Services, s3: S3Storage) -> None:
    shared = of_another_host(services)
    path = str(shared).partition("://")[2]
    for broken in (b"{", json.dumps([1]).encode()):
        fsspec.filesystem("s3").pipe_file(f"{path}/files.json", broken)
        assert shared.files() is None
        assert list(shared.read_all()) == []
