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
from hemline.store.review.blind_twins import ask_for_twin, twins_of_task
from hemline.store.review.returned import count_returns, send_back
from hemline.store.review.review_order import item_of_task
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import JobKind, JobState, ReviewKind
from hemline.store.tables.loop import ModelVersion, Project, Task
from tests.plugins.label_studio import ACCOUNT
from tests.plugins.label_studio_user import LabelStudioUser
from tests.worker.conftest import CONFIG, brush
from tests.worker.discs import disc
from worker.ingest import reconcile
from worker.ingest.reconcile import reconcile_all
from worker.pool.predict_pool import predict_pool
from worker.second_looks.blind_twins import work_on_twins
from worker.second_looks.show_returns import show_returns
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


def in_tab(client: LabelStudioUser, project_id: int, title: str) -> list[int]:
    """The tasks that Label Studio lists in a tab."""
    (view,) = [row for row in client.list_views(project_id) if row["data"]["title"] == title]
    told = client.http.json(
        "GET", "/api/tasks/", params={"project": project_id, "view": view["id"]}
    )
    return [task["id"] for task in told["tasks"]]


def test_a_label_is_in_its_annotators_tab_until_it_is_saved_again(
    services: Services,
    project: Project,
    ls_client: LabelStudioUser,
    ls_project: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "_OVERLAP", reconcile._OVERLAP * 0)
    first, second = [task["id"] for task in ls_client.iter_tasks(ls_project)][:2]
    made = ls_client.create_annotation(first, brush(disc(0)[1]))
    ls_client.create_annotation(second, brush(disc(1)[1]))
    reconcile_all(services)
    with services.store.session() as session:
        label = find_annotation(session, project.id, made["id"])
        assert label is not None
        digest = label.mask_digest or ""
        write_item(
            session,
            RankedItem(
                project.id, label.task_id, ReviewKind.LABEL, 0.5, digest, annotation_id=label.id
            ),
        )
    with services.store.session() as session:
        item = item_of_task(session, label.task_id, ReviewKind.LABEL)
        assert item is not None
        send_back(session, item.id, by="rae", comment="the hem is cut off")
    show_returns(services)
    title = f"To correct: {ACCOUNT.email}"
    assert in_tab(ls_client, ls_project, title) == [first]
    assert ls_client.get_task(ls_project, first)["data"]["review_comment"] == "the hem is cut off"
    ls_client.update_annotation(made["id"], result=brush(disc(4)[1]))
    reconcile_all(services)
    show_returns(services)
    assert in_tab(ls_client, ls_project, title) == []
    assert set(ls_client.get_task(ls_project, first)["data"]) == {"image"}
    with services.store.reading() as session:
        (counts,) = count_returns(session, project.id).values()
    assert (counts.waiting, counts.corrected) == (0, 1)


def test_a_blind_twin_shows_its_photo_and_nothing_else(
    services: Services, project: Project, ls_client: LabelStudioUser, ls_project: int
) -> None:
    first = next(ls_client.iter_tasks(ls_project))["id"]
    ls_client.create_annotation(first, brush(disc(0)[1]))
    reconcile_all(services)
    with services.store.session() as session:
        task = get_task(session, project.id, first)
        assert task is not None
        (label,) = task.annotations
        asked_of, label.annotator = label.annotator, "ann@x.org"
        ask_for_twin(session, task, by="rae", of=asked_of)
    work_on_twins(services)
    with services.store.reading() as session:
        twins_project = session.get_one(Project, project.id).twins_project
    assert twins_project is not None
    try:
        (number,) = in_tab(ls_client, twins_project, f"To draw: {ACCOUNT.email}")
        twin = ls_client.open_task(number)
        assert (twin["annotations"], twin["predictions"]) == ([], [])
        assert set(twin["data"]) == {"image", "to_draw_by"}
        assert ls_client.http.request("GET", twin["data"]["image"]).status_code == 200
        assert ls_client.list_backends(twins_project) == []
        ls_client.create_annotation(number, brush(disc(0)[1]))
        work_on_twins(services)
        reconcile_all(services)
        with services.store.reading() as session:
            assert twins_of_task(session, task.id)[0].dice == 1.0
            assert session.query(Task).count() == 6
    finally:
        ls_client.delete_project(twins_project)
