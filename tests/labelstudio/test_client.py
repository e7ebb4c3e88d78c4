"""The client against a real Label Studio."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hemline.errors import LabelStudioError, LabelStudioUnavailable
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.server import LabelStudioServer
from hemline.system.ports import pick_free_port
from tests.plugins.label_studio_user import LabelStudioUser

pytestmark = pytest.mark.labelstudio


@pytest.fixture
def project(ls_client: LabelStudioUser) -> Iterator[int]:
    project_id = ls_client.create_project("client tests", render_label_config(["garment"]))["id"]
    yield project_id
    ls_client.delete_project(project_id)


def region(label: str = "garment") -> dict[str, Any]:
    return {
        "id": "r1",
        "type": "brushlabels",
        "from_name": "mask",
        "to_name": "image",
        "original_width": 2,
        "original_height": 1,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": [0, 0, 0, 8, 58, 0, 64], "brushlabels": [label]},
    }


def prediction(task: int, **changes: Any) -> dict[str, Any]:
    return {"task": task, "result": [region()], "score": 0.5, "model_version": "v1"} | changes


def tasks(count: int) -> list[dict[str, Any]]:
    return [{"data": {"image": f"/data/upload/{i}.jpg", "garment": f"g{i}"}} for i in range(count)]


def test_both_kinds_of_token(label_studio: LabelStudioServer, ls_client: LabelStudioUser) -> None:
    personal = ls_client.create_personal_token()

    with LabelStudioClient(label_studio.url, personal) as client:
        assert client.whoami()["email"] == label_studio.account.email
        client.http._access = "expired.access.token"  # the server answers 401 from now on
        assert client.whoami()["email"] == label_studio.account.email


@pytest.mark.parametrize("token", ["0" * 40, "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"])
def test_a_wrong_token_is_named(label_studio: LabelStudioServer, token: str) -> None:
    with (
        LabelStudioClient(label_studio.url, token) as client,
        pytest.raises(LabelStudioRefused, match="LABEL_STUDIO_API_KEY") as caught,
    ):
        client.whoami()
    assert caught.value.status == 401


def test_no_token_is_named(label_studio: LabelStudioServer) -> None:
    with (
        LabelStudioClient(label_studio.url, "") as client,
        pytest.raises(LabelStudioError, match="LABEL_STUDIO_API_KEY is not set"),
    ):
        client.whoami()


def test_label_studio_gone() -> None:
    url = f"http://127.0.0.1:{pick_free_port()}"
    with (
        LabelStudioClient(url, "0" * 40) as client,
        pytest.raises(LabelStudioUnavailable, match=f"{url} .*set LABEL_STUDIO_URL"),
    ):
        client.whoami()


def test_a_refusal_says_what_label_studio_says(ls_client: LabelStudioUser) -> None:
    with pytest.raises(LabelStudioRefused, match="at least 3 characters") as caught:
        ls_client.create_project("ab", render_label_config(["garment"]))
    assert caught.value.status == 400


def test_tasks_come_in_order_and_complete(ls_client: LabelStudioUser, project: int) -> None:
    ids = ls_client.import_tasks(project, tasks(203))

    listed = list(ls_client.iter_tasks(project))

    assert [task["id"] for task in listed] == ids
    assert [task["data"]["garment"] for task in listed] == [f"g{i}" for i in range(203)]


def test_exactly_one_page(ls_client: LabelStudioUser, project: int) -> None:
    ids = ls_client.import_tasks(project, tasks(100))

    assert [task["id"] for task in ls_client.iter_tasks(project, full=False)] == ids


def test_only_what_changed(ls_client: LabelStudioUser, project: int) -> None:
    ids = ls_client.import_tasks(project, tasks(3))
    before = datetime.now(UTC)
    annotation = ls_client.create_annotation(ids[1], [region()], lead_time=2.5)

    changed = list(ls_client.iter_tasks(project, updated_after=before))

    assert [task["id"] for task in changed] == [ids[1]]
    assert [item["id"] for item in changed[0]["annotations"]] == [annotation["id"]]
    seen = datetime.fromisoformat(changed[0]["updated_at"])
    assert list(ls_client.iter_tasks(project, updated_after=seen)) == []


def test_storage_addresses_are_not_resolved(ls_client: LabelStudioUser, project: int) -> None:
    [task_id] = ls_client.import_tasks(project, [{"data": {"image": "s3://bucket/x.jpg"}}])

    assert ls_client.get_task(project, task_id)["data"]["image"] == "s3://bucket/x.jpg"


def test_a_task_of_another_project(ls_client: LabelStudioUser, project: int) -> None:
    with pytest.raises(LabelStudioRefused, match="has no task 999999"):
        ls_client.get_task(project, 999999)


def test_predictions_are_imported_in_batches(ls_client: LabelStudioUser, project: int) -> None:
    ids = ls_client.import_tasks(project, tasks(501))

    assert ls_client.import_predictions(project, (prediction(i) for i in ids)) == 501
    assert ls_client.model_versions(project) == {"v1": 501}


@pytest.mark.parametrize("wrong", [{"score": 1.5}, {"result": [region("shoe")]}])
def test_predictions_left_out_are_an_error(
    ls_client: LabelStudioUser, project: int, wrong: dict[str, Any]
) -> None:
    first, second = ls_client.import_tasks(project, tasks(2))

    with pytest.raises(LabelStudioError, match="stored 1 of 2 predictions"):
        ls_client.import_predictions(project, [prediction(first), prediction(second, **wrong)])


def test_delete_predictions_of_tasks_and_of_a_version(
    ls_client: LabelStudioUser, project: int
) -> None:
    ids = ls_client.import_tasks(project, tasks(3))
    ls_client.import_predictions(project, [prediction(i) for i in ids])

    ls_client.perform_action(project, "delete_tasks_predictions", ids[:1])
    assert ls_client.model_versions(project) == {"v1": 2}
    ls_client.delete_model_version(project, "v1")
    assert ls_client.model_versions(project) == {}


def test_the_most_uncertain_task_is_next(ls_client: LabelStudioUser, project: int) -> None:
    ids = ls_client.import_tasks(project, tasks(5))
    scores = [0.9, 0.4, 0.7, 0.1, 0.8]
    ls_client.import_predictions(
        project, [prediction(i, score=score) for i, score in zip(ids, scores, strict=True)]
    )
    ls_client.update_project(project, sampling="Uncertainty sampling", model_version="v1")

    for expected in (ids[3], ids[1], ids[2]):
        task = ls_client.next_task(project)
        assert task is not None
        assert task["id"] == expected
        ls_client.create_annotation(expected, [region()])


def test_no_next_task(ls_client: LabelStudioUser, project: int) -> None:
    assert ls_client.next_task(project) is None


def test_a_webhook_keeps_what_an_update_does_not_name(
    ls_client: LabelStudioUser, project: int
) -> None:
    hook = ls_client.create_webhook(project, "http://127.0.0.1:1/webhook", {"A": "1"})

    ls_client.update_webhook(hook, headers={"B": "2"})

    [kept] = ls_client.list_webhooks(project)
    assert kept["headers"] == {"B": "2"}
    assert (kept["url"], kept["is_active"], kept["send_for_all_actions"]) == (
        "http://127.0.0.1:1/webhook",
        True,
        True,
    )
    ls_client.delete_webhook(hook["id"])
    assert ls_client.list_webhooks(project) == []


def test_a_backend_that_is_not_there_is_not_connected(
    ls_client: LabelStudioUser, project: int
) -> None:
    with pytest.raises(LabelStudioRefused, match="health check failed"):
        ls_client.create_backend(project, f"http://127.0.0.1:{pick_free_port()}", "hemline")
    assert ls_client.list_backends(project) == []
