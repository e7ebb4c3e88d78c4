"""A real Label Studio against the real backend: what it shows and stores of our answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from hemline.errors import LabelStudioError
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.project.connect import connect
from hemline.labelstudio.regions import regions_to_mask
from hemline.labelstudio.server import LabelStudioServer
from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.store.tables.loop import WebhookDelivery
from hemline.studio.scene import draw_scene
from tests.backend.running import RunningBackend, until
from tests.plugins.label_studio import ACCOUNT
from tests.plugins.label_studio_user import LabelStudioUser

pytestmark = pytest.mark.labelstudio

CONFIG = render_label_config(["dress"])
SECRET = "a-secret-of-the-tests"
PHOTOS = 6


@pytest.fixture(scope="module")
def backend(
    label_studio: LabelStudioServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningBackend]:
    env = {
        "LABEL_STUDIO_URL": label_studio.url,
        "LABEL_STUDIO_API_KEY": ACCOUNT.token,
        "HEMLINE_WEBHOOK_SECRET": SECRET,
    }
    with RunningBackend(tmp_path_factory.mktemp("backend"), **env) as running:
        yield running


@pytest.fixture
def project(ls_client: LabelStudioUser, backend: RunningBackend) -> Iterator[tuple[int, list[int]]]:
    """A connected project with its tasks; the fourth photo is broken."""
    project_id = ls_client.create_project("backend tests", CONFIG)["id"]
    files = [(f"G{n}_Front.png", photo(n) if n != 3 else b"no photo") for n in range(PHOTOS)]
    ls_client.upload_files(project_id, files)
    settings = Settings(home=backend.home, webhook_secret=SECRET)
    connect(ls_client, settings, project_id, backend_url=f"http://127.0.0.1:{backend.port}")
    yield project_id, sorted(task["id"] for task in ls_client.iter_tasks(project_id))
    ls_client.delete_project(project_id)


def photo(seed: int) -> bytes:
    image = draw_scene(seed=seed, width=120, height=160).image
    data: np.ndarray[Any, Any] = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    return data.tobytes()


def stored(client: LabelStudioUser, task_id: int) -> list[dict[str, Any]]:
    predictions = client.http.json("GET", "/api/predictions/", params={"task": task_id})
    return list(predictions)


def test_opening_a_task_twice_at_once_stores_one_prediction(ls_client, project):
    project_id, task_ids = project
    for task_id in task_ids[:3]:
        with ThreadPoolExecutor(2) as pool:
            opened = list(pool.map(lambda _, t=task_id: ls_client.open_task(t), range(2)))
        assert [len(task["predictions"]) for task in opened] == [1, 1]  # both see it
        (prediction,) = stored(ls_client, task_id)
        assert prediction["model_version"] == f"hemline-{project_id}-v1"
        assert 0 < prediction["score"] <= 1
        mask = regions_to_mask(
            prediction["result"],
            config=parse_label_config(CONFIG),
            labels=["dress"],
            height=160,
            width=120,
        )
        assert mask.any()


def test_retrieving_predictions_of_all_tasks_leaves_out_the_broken_one(ls_client, project):
    project_id, task_ids = project
    retrieve(ls_client, project_id, task_ids)
    counts = [len(stored(ls_client, task_id)) for task_id in task_ids]
    assert counts == [1, 1, 1, 0, 1, 1]
    retrieve(ls_client, project_id, task_ids)
    assert [len(stored(ls_client, task_id)) for task_id in task_ids] == counts


def retrieve(client: LabelStudioUser, project_id: int, task_ids: list[int]) -> None:
    client.perform_action(project_id, "retrieve_tasks_predictions", task_ids)


def test_webhooks_and_the_button_arrive(ls_client, project, backend):
    project_id, task_ids = project
    ls_client.create_annotation(task_ids[0], [])
    (connected,) = ls_client.list_backends(project_id)
    ls_client.start_training(connected["id"])
    store = Store(f"sqlite:///{backend.home / 'hemline.db'}")

    def actions() -> set[str]:
        with store.reading() as session:
            statement = select(WebhookDelivery.action).where(
                WebhookDelivery.ls_project_id == project_id
            )
            return set(session.scalars(statement))

    until(lambda: {"ANNOTATION_CREATED", "START_TRAINING"} <= actions(), 20)
    store.dispose()


def test_a_config_that_cannot_be_filled_in_is_refused_with_its_reason(ls_client, backend):
    """The reason phrase is all of our answer that Label Studio shows to its user."""
    config = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"/></View>'
    config = config.replace("/></View>", '><Choice value="x"/></Choices></View>')
    project_id = ls_client.create_project("without a brush", config)["id"]
    try:
        with pytest.raises(LabelStudioError, match="BrushLabels"):
            ls_client.create_backend(project_id, f"http://127.0.0.1:{backend.port}", "hemline")
    finally:
        ls_client.delete_project(project_id)
