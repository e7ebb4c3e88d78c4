"""The worker against the real Label Studio: what it tells, and which mask it shows."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hemline.labelstudio.server import LabelStudioServer
from hemline.settings import get_settings
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.jobs import get_job, queue_job
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.tasks import get_task
from hemline.store.models.models import create_version, promote
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import ModelVersion, Project
from tests.plugins.label_studio import ACCOUNT
from tests.plugins.label_studio_user import LabelStudioUser
from tests.worker.conftest import CONFIG, brush
from tests.worker.discs import disc
from worker.ingest import reconcile
from worker.ingest.reconcile import reconcile_all
from worker.pool.predict_pool import predict_pool
from worker.services import Services, build_services

pytestmark = [pytest.mark.labelstudio, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def ls_project(ls_client: LabelStudioUser) -> Iterator[int]:
    """A project with six photos."""
    project = ls_client.create_project("The worker's", CONFIG, sampling="Uncertainty sampling")
    files = []
    for number in range(6):
        data = io.BytesIO()
        Image.fromarray(disc(number)[0]).save(data, "PNG")
        files.append((f"G{number}_Front.png", data.getvalue()))
    ls_client.upload_files(project["id"], files)
    yield int(project["id"])
    ls_client.delete_project(project["id"])


@pytest.fixture
def services(
    settings: object, label_studio: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", ACCOUNT.token)
    get_settings.cache_clear()
    services = build_services(get_settings())
    services.store.upgrade()
    yield services
    services.client.close()
    services.store.dispose()


@pytest.fixture
def project(services: Services, ls_project: int) -> Project:
    with services.store.session() as session:
        return upsert_project(session, ls_project_id=ls_project, label_config=CONFIG)


def predict(services: Services, project: Project) -> None:
    with services.store.session() as session:
        job_id = queue_job(session, project.id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, job_id)
    with services.store.reading() as session:
        job = get_job(session, job_id)
    assert (job.state, job.problem) == (JobState.DONE, None)


def versions(task: dict[str, Any]) -> list[str]:
    return [row["model_version"] for row in task["predictions"]]


def test_lost_webhooks_are_found_by_reconcile(
    services: Services,
    project: Project,
    ls_client: LabelStudioUser,
    ls_project: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "_OVERLAP", reconcile._OVERLAP * 0)
    first, second, third = [task["id"] for task in ls_client.iter_tasks(ls_project)][:3]
    made = ls_client.create_annotation(first, brush(disc(0)[1]), lead_time=3.5)
    skipped = ls_client.create_annotation(second, [], was_cancelled=True)
    gone = ls_client.create_annotation(third, brush(disc(2)[1]))
    reconcile_all(services)
    with services.store.reading() as session:
        rows = [find_annotation(session, project.id, row["id"]) for row in (made, skipped, gone)]
    assert all(row is not None and row.problem is None for row in rows)
    assert [bool(row and row.mask_digest) for row in rows] == [True, False, True]
    assert rows[0] is not None
    assert rows[0].lead_time_s == 3.5
    assert rows[1] is not None
    assert rows[1].was_cancelled

    ls_client.update_annotation(made["id"], result=brush(disc(4)[1]))
    ls_client.delete_annotation(gone["id"])
    reconcile_all(services)
    with services.store.reading() as session:
        updated = find_annotation(session, project.id, made["id"])
        deleted = find_annotation(session, project.id, gone["id"])
        task = get_task(session, project.id, third)
    assert updated is not None
    assert updated.mask_digest != rows[0].mask_digest
    assert deleted is not None
    assert deleted.deleted_at is not None
    assert task is not None
    assert not task.is_labeled


def test_the_newest_champion_is_what_a_task_shows_and_what_orders_them(
    services: Services,
    project: Project,
    champion: ModelVersion,
    ls_client: LabelStudioUser,
    ls_project: int,
    tmp_path: Path,
) -> None:
    reconcile_all(services)
    predict(services, project)
    ids = [task["id"] for task in ls_client.iter_tasks(ls_project)]
    assert all(versions(ls_client.open_task(task_id)) == [champion.name] for task_id in ids)
    assert ls_client.get_project(ls_project)["model_version"] == champion.name
    lowest = min(
        (prediction["score"], task["id"])
        for task in ls_client.iter_tasks(ls_project)
        for prediction in task["predictions"]
    )
    shown = ls_client.next_task(ls_project)
    assert shown is not None
    assert shown["predictions"][0]["score"] == pytest.approx(lowest[0])
    assert versions(shown) == [champion.name]

    ls_client.create_annotation(ids[0], brush(disc(0)[1]))
    reconcile_all(services)
    with services.store.session() as session:
        second = create_version(
            session,
            project.id,
            recipe=champion.recipe,
            labels=["garment"],
            weights_digest=champion.weights_digest,
            code_version="test",
        )
        promote(session, second.id)
    predict(services, project)
    assert versions(ls_client.open_task(ids[0])) == [champion.name]  # what it was corrected from
    assert all(versions(ls_client.open_task(task_id)) == [second.name] for task_id in ids[1:])
    assert ls_client.get_project(ls_project)["model_version"] == second.name
    shown = ls_client.next_task(ls_project)
    assert shown is not None
    assert versions(shown) == [second.name]
