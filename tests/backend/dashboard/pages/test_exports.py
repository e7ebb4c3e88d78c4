"""Export: an order becomes a job, the page shows it, and the files come as a zip."""

import io
import shutil
import zipfile

import pytest

from backend.dashboard.zip_stream import zip_folder
from hemline.export.formats.registry import FormatName
from hemline.export.order import ExportOrder
from hemline.export.request import build_sources
from hemline.export.run import run_export
from hemline.files import visible_files
from hemline.settings import Settings
from hemline.store.loop.jobs import (
    acquire_job,
    finish_job,
    get_job,
    list_jobs,
    progress_job,
    queue_job,
)
from hemline.store.loop.projects import known_project
from hemline.store.people import list_events
from hemline.store.states import JobKind, Role
from tests.backend.dashboard.visitor import Visitor
from tests.plugins.s3 import answers

PATH = "/dashboard/1/exports"


@pytest.fixture
def visitor(filled):
    return Visitor(filled)


def exports_of(backend):
    with backend.store.reading() as session:
        return [job for job in list_jobs(session) if job.kind is JobKind.EXPORT]


def order(visitor, **fields):
    return visitor.post(PATH, **{"format": "masks", "masks": "corrections"} | fields)


def work(backend, job_id, *, finish=True):
    """What the worker does with the job."""
    with backend.store.session() as session:
        assert acquire_job(session, job_id, "test", 60)
        job = get_job(session, job_id)
        progress_job(session, job_id, "test", 60, 3, 8)
    if not finish:
        return
    settings = backend.services.settings
    made = ExportOrder.read(job.arguments)
    folder = made.folder(settings, job.project.ls_project_id)
    run_export(build_sources(settings), job.project, made.format_name, made.chosen, folder)
    with backend.store.session() as session:
        finish_job(session, job_id, "test")


def test_a_button_orders_an_export_and_writes_it_down(filled, visitor):
    assert "Nothing exported yet" in visitor.see(PATH)
    answer = order(visitor, view="Back", annotator="ada@studio.example")
    assert answer.status_code == 303
    (job,) = exports_of(filled)
    assert filled.sent[-1] == ("worker.export", job.id, "export")
    assert job.arguments == {
        "format": "masks",
        "masks": "corrections",
        "view": "Back",
        "annotator": "ada@studio.example",
    }
    with filled.store.reading() as session:
        (event,) = [e for e in list_events(session, job.project_id, limit=5) if e.details]
    assert (event.action, event.details) == ("export", job.arguments)
    page = visitor.see(PATH)
    assert "waiting for the worker" in page
    assert "view Back, annotator ada@studio.example" in page


def test_an_export_is_watched_and_downloaded(filled, visitor):
    order(visitor, format="yolo", masks="best", version="3", garment="g00001")
    (job,) = exports_of(filled)
    assert visitor.client.get(f"{PATH}/{job.id}.zip").status_code == 404
    work(filled, job.id, finish=False)
    assert "3 of 8" in visitor.see(PATH)
    assert "exports.js" in visitor.see(PATH)
    with filled.store.session() as session:
        get_job(session, job.id).lease_until = None
        finish_job(session, job.id, "test")
    assert "on the worker&#39;s machine" in visitor.see(PATH) or "worker's machine" in visitor.see(
        PATH
    )
    order(visitor, format="masks", masks="best", garment="g00001")
    work(filled, exports_of(filled)[0].id)
    page = visitor.see(PATH)
    assert "3 masks" in page
    answer = visitor.client.get(f"{PATH}/{exports_of(filled)[0].id}.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        names = {name.split("/", 1)[1] for name in packed.namelist()}
    assert {"manifest.jsonl", "export.json", "labels.txt"} < names
    assert len([name for name in names if name.startswith("masks/")]) == 3
    assert not [name for name in names if "/." in name or name.startswith(".")]


def test_an_export_of_another_host_is_downloaded(filled, visitor, s3, monkeypatch):
    order(visitor, format="masks", masks="best", garment="g00001")
    (job,) = exports_of(filled)
    work(filled, job.id)
    settings = filled.services.settings
    made = ExportOrder.read(job.arguments)
    folder = made.folder(settings, 1)
    there = {str(path.relative_to(folder)): path.read_bytes() for path in visible_files(folder)}
    monkeypatch.setattr(Settings, "artifacts", property(lambda _: s3.url))
    shared = made.shared(settings, 1)
    assert shared is not None
    shared.send(folder, lambda: None)
    shutil.rmtree(folder)
    page = visitor.see(PATH)
    assert "3 masks" in page
    assert f"{s3.url}/exports/{folder.name}" in page
    answer = visitor.client.get(f"{PATH}/{job.id}.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        assert {name.partition("/")[2]: packed.read(name) for name in packed.namelist()} == there
    s3.fault = answers("503 Slow Down", "SlowDown")
    assert "3 masks" in visitor.see(PATH)
    assert visitor.client.get(f"{PATH}/{job.id}.zip").status_code == 503


def test_the_same_order_again_goes_on_in_the_same_folder(filled, visitor):
    folders = set()
    for _ in range(2):
        order(visitor, garment="g00001")
        job = exports_of(filled)[0]
        work(filled, job.id)
        made = ExportOrder.read(job.arguments)
        folders.add(made.folder(filled.services.settings, 1))
    assert len(folders) == 1
    assert made.format_name is FormatName.MASKS


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"format": "gif"}, 400, "nothing was exported"),
        ({"masks": "all"}, 400, "nothing was exported"),
        ({"masks": "predictions", "annotator": "ada"}, 422, "apply only to corrections"),
        ({"masks": "best", "version": "99"}, 404, "unknown model"),
    ],
)
def test_nonsense_orders_nothing(filled, visitor, fields, status, told):
    answer = order(visitor, **fields)
    assert answer.status_code == status
    assert told.lower() in answer.text.lower()
    assert exports_of(filled) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_only_admins_order_and_download(filled, role):
    viewer = Visitor(filled, name="vic", role=role)
    assert "<form" not in viewer.see(PATH).split("<h1>")[1]
    assert order(viewer).status_code == 403
    assert viewer.client.get(f"{PATH}/1.zip").status_code == 403


def test_jobs_that_are_no_export_are_not_downloaded(filled, visitor):
    with filled.store.session() as session:
        project = known_project(session, 1)
        ranking = queue_job(session, project.id, JobKind.RANK, {})
        broken = queue_job(session, project.id, JobKind.EXPORT, {"format": "gif"})
    assert visitor.client.get(f"{PATH}/{ranking.id}.zip").status_code == 404
    assert visitor.client.get(f"{PATH}/{broken.id}.zip").status_code == 422
    assert visitor.client.get(f"{PATH}/99999.zip").status_code == 404
    assert "the job holds an export order that cannot be read" in visitor.see(PATH)


def test_a_zip_is_made_of_any_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "empty.png").write_bytes(b"")
    (tmp_path / "Größe.json").write_bytes(b"x" * 600_000)
    (tmp_path / ".lock").write_bytes(b"")
    data = b"".join(zip_folder(tmp_path, "out"))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.namelist() == ["out/Größe.json", "out/a/empty.png"]
        assert packed.read("out/Größe.json") == b"x" * 600_000


def test_an_order_keeps_the_edge_and_the_channel(filled, visitor):
    assert order(visitor, format="cutouts", edge="sheer", pack="amazon").status_code == 303
    (job,) = exports_of(filled)
    assert job.arguments["edge"] == "sheer"
    assert job.arguments["pack"] == "amazon"
    style = ExportOrder.read(job.arguments).style
    assert (style.edge, style.pack) == ("sheer", "amazon")
    page = visitor.see(PATH)
    assert "for amazon, edge sheer" in page
    assert '<option value="zalando">' in page


def test_other_formats_have_no_edge_and_unknown_ones_are_refused(filled, visitor):
    order(visitor, format="masks", edge="soft", pack="amazon")
    assert exports_of(filled)[0].arguments == {"format": "masks", "masks": "corrections"}
    assert order(visitor, format="cutouts", edge="round").status_code == 400
    assert order(visitor, format="cutouts", pack="../asos").status_code == 400
    assert len(exports_of(filled)) == 1
