"""A wrong label comes to the top with its reason, a reviewer sees why, and a verdict closes it."""

from typing import Any

import numpy as np
import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.project.review_fields import add_review_fields
from hemline.labelstudio.project.review_tab import REVIEW
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.tasks import get_task
from hemline.store.review.review_order import item_of_task, review_page
from hemline.store.states import JobKind, ReviewKind, ReviewState, Verdict
from hemline.store.tables.review import ReviewItem
from tests.e2e.conftest import Deployment, as_regions
from tests.e2e.editor import Editor
from tests.e2e.house_style import shoot
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.labelstudio,
    pytest.mark.browser,
    pytest.mark.timeout(900),
]

SHOTS = 5


def _item(deployment: Deployment, project: int, ls_task_id: int) -> ReviewItem | None:
    with deployment.store.reading() as session:
        task = get_task(session, deployment.project(project).id, ls_task_id)
        return item_of_task(session, task.id, ReviewKind.LABEL) if task else None


def _data(deployment: Deployment, project: int, task: int) -> dict[str, Any]:
    data: dict[str, Any] = deployment.stack.client.get_task(project, task)["data"]
    return data


def test_a_wrong_label_is_found_shown_and_settled(deployment: Deployment, editor: Editor) -> None:
    client = deployment.stack.client
    folder = deployment.stack.files_root / "reviewing"
    shots = {shot.path.name: shot for shot in shoot(folder, SHOTS)}
    config = add_review_fields(render_label_config(["garment"]))
    project = int(client.create_project("Reviewing", config)["id"])
    tasks = {
        number: shots[name] for name, number in deployment.import_folder(project, folder).items()
    }
    deployment.stack.connect(project)
    for task in tasks:
        assert client.open_task(task)["predictions"]

    made = {}
    wrong = min(tasks)
    for task, shot in tasks.items():
        mask = shot.garment.copy()
        if task == wrong:  # a third of the garment is left out
            rows = np.flatnonzero(mask.any(axis=1))
            mask[rows[len(rows) * 2 // 3] :] = 0
        made[task] = client.create_annotation(task, as_regions(mask), lead_time=9.0)["id"]
    eventually(
        lambda: all(_item(deployment, project, task) for task in tasks), "every label has a place"
    )
    with deployment.store.reading() as session:
        first, *_ = review_page(session, deployment.project(project).id, ReviewKind.LABEL).items
    assert first.task.ls_task_id == wrong
    assert first.bad_ground_truth
    assert first.reasons["bad_ground_truth"]["region"]["points"]

    with deployment.store.session() as session:  # the sweep sends it
        queue_job(session, deployment.project(project).id, JobKind.RANK, {})
    eventually(lambda: _data(deployment, project, wrong).get("review_priority"), "it is shown")

    tab = next(view for view in client.list_views(project) if view["data"]["title"] == REVIEW)
    editor._go(f"/projects/{project}/data?tab={tab['id']}")
    editor.page.get_by_text("Bad ground truth").first.wait_for()
    editor.open_task(project, wrong)
    assert "Bad ground truth" in editor.page.locator("body").inner_text()
    editor.page.get_by_text("label was wrong").click()
    editor.submit()

    def closed() -> ReviewItem | None:
        item = _item(deployment, project, wrong)
        return item if item and item.state == ReviewState.CLOSED else None

    item = eventually(closed, "the verdict closes the item")
    assert item.verdict == Verdict.LABEL_WRONG
    assert not editor.errors

    said = deployment.command("rank", str(project), "--json")
    assert said.returncode == 0, said.stderr
    assert f'"id": {wrong},' not in said.stdout
    assert len(said.stdout.splitlines()) == SHOTS - 1
    shown = deployment.command("statistics", str(project))
    assert "mean Dice" in shown.stdout, shown.stderr
