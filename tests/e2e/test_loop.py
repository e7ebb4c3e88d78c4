"""The loop, for real: pre-filled in Label Studio, corrected by brush, trained, promoted, undone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from werkzeug.security import generate_password_hash

from hemline.masks.figures.overlap import dice
from hemline.store.models.evaluations import evaluations_of
from hemline.store.models.models import list_versions
from hemline.store.models.runs import last_run
from hemline.store.people import add_person
from hemline.store.states import ModelState, Role, RunState, RunTrigger, Split
from hemline.store.tables.loop import TrainingRun
from tests.backend.dashboard.visitor import PASSWORD, token_of
from tests.e2e.conftest import ARTIFACTS, RETRAIN_AFTER, Deployment, as_mask, as_regions
from tests.e2e.editor import Editor
from tests.e2e.house_style import Shot, shoot
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.labelstudio,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]

_LEFT = 6  # photos that nobody corrects


@dataclass(frozen=True)
class Loop:
    """A project whose photos are to be masked in the house style."""

    deployment: Deployment
    project: int
    shots: dict[int, Shot]  # by task id, those to correct

    @property
    def first_version(self) -> str:
        return f"hemline-{self.project}-v1"

    @property
    def second_version(self) -> str:
        return f"hemline-{self.project}-v2"

    def shown(self) -> str:
        told: str = self.deployment.stack.client.get_project(self.project)["model_version"]
        return told

    def all_left_have(self, version: str) -> bool:
        """Whether the tasks without an annotation have one prediction each, of that version."""
        left = self.deployment.predictions(self.project)
        return bool(left) and all(
            [one["model_version"] for one in of_task] == [version] for of_task in left.values()
        )

    def last_run(self) -> TrainingRun | None:
        self.deployment.stack.check()
        with self.deployment.store.reading() as session:
            return last_run(session, self.deployment.project(self.project).id)


@dataclass(frozen=True)
class Promoted:
    """The version that the corrections made, and the photos that are left, by task id."""

    version: str
    left: dict[int, Shot]
    before: dict[int, NDArray[np.uint8]]  # what the first version made of them


@pytest.fixture(scope="module")
def loop(deployment: Deployment) -> Loop:
    """Photos imported first and connected then: no worker has heard of a task before a person
    opens it."""
    folder = deployment.stack.files_root / "loop"
    shots = {shot.path.name: shot for shot in shoot(folder, RETRAIN_AFTER)}
    project = deployment.new_project("Loop")
    tasks = deployment.import_folder(project, folder)
    connection = deployment.stack.connect(project)
    assert connection.model_version == f"hemline-{project}-v1"
    return Loop(deployment, project, {tasks[name]: shot for name, shot in shots.items()})


@pytest.fixture(scope="module")
def promoted(loop: Loop) -> Promoted:
    """More photos have come and were masked by the worker; then all others were corrected as the
    house wants them, and what follows has happened."""
    folder = loop.deployment.stack.files_root / "loop-left"
    shots = {shot.path.name: shot for shot in shoot(folder, _LEFT, first=RETRAIN_AFTER)}
    tasks = loop.deployment.import_folder(loop.project, folder)
    left = {tasks[name]: shot for name, shot in shots.items()}
    eventually(lambda: loop.all_left_have(loop.first_version), "the worker masks new photos")
    before = loop.deployment.predictions(loop.project)

    _correct_all(loop)
    ended = (RunState.SUCCEEDED, RunState.FAILED)
    eventually(
        lambda: (run := loop.last_run()) is not None and run.state in ended,
        f"{RETRAIN_AFTER} corrections start a training, which ends",
        seconds=900,
    )
    eventually(lambda: loop.shown() != loop.first_version, "Label Studio shows a new version")
    eventually(lambda: loop.all_left_have(loop.shown()), "all photos left have its masks")
    return Promoted(loop.shown(), left, {task: as_mask(before[task][0]["result"]) for task in left})


def _mean_dice(masks: dict[int, NDArray[np.uint8]], shots: dict[int, Shot]) -> float:
    return float(np.mean([dice(masks[task], shot.wanted) for task, shot in shots.items()]))


def _correct_all(loop: Loop) -> None:
    client = loop.deployment.user
    annotations = {task["id"]: task["annotations"] for task in client.iter_tasks(loop.project)}
    for task, shot in loop.shots.items():
        result = as_regions(shot.wanted)
        if annotations[task]:
            client.update_annotation(annotations[task][0]["id"], result=result)
        else:
            shown = client.open_task(task)["predictions"][0]
            client.create_annotation(task, result, lead_time=12.0, parent_prediction=shown["id"])


def test_a_task_opens_with_its_mask_drawn(loop: Loop, editor: Editor) -> None:
    task, shot = sorted(loop.shots.items())[0]
    opened = editor.open_task(loop.project, task)
    drawn = editor.wait_for_mask(shot.image)
    editor.screenshot(ARTIFACTS / "prefilled.png")

    predicted = as_mask(opened["predictions"][0]["result"])
    assert opened["predictions"][0]["model_version"] == loop.first_version
    assert dice(drawn, predicted) > 0.95
    assert dice(drawn, shot.garment) > 0.7
    assert editor.region_names() == ["garment"]
    assert editor.errors == []


def test_two_openings_at_once_store_one_prediction(
    loop: Loop, open_editor: Callable[[], Editor]
) -> None:
    client = loop.deployment.stack.client
    tasks = sorted(loop.shots)[1:4]
    assert all(not loop.deployment.predictions(loop.project)[task] for task in tasks)
    with ThreadPoolExecutor(6) as threads:
        opened = list(threads.map(client.open_task, [task for task in tasks for _ in range(2)]))
    stored = loop.deployment.predictions(loop.project)
    assert {task: len(stored[task]) for task in tasks} == dict.fromkeys(tasks, 1)
    assert all(task["predictions"] for task in opened), "one of the two was opened without a mask"

    for task in tasks[:1]:  # and once more, now that there is one
        open_editor().open_task(loop.project, task)
        assert len(loop.deployment.predictions(loop.project)[task]) == 1


def test_a_correction_by_brush_arrives_as_it_was_drawn(loop: Loop, editor: Editor) -> None:
    task, shot = sorted(loop.shots.items())[0]
    opened = editor.open_task(loop.project, task)
    before = editor.wait_for_mask(shot.image)
    editor.brush((0.15, 0.15), (0.35, 0.2))
    editor.screenshot(ARTIFACTS / "brushed.png")
    saved = editor.submit()

    ours = eventually(
        lambda: loop.deployment.annotation(loop.project, saved["id"]),
        "the correction arrives in the store",
    )
    assert [region["origin"] for region in saved["result"]] == ["prediction-changed"]
    theirs = as_mask(saved["result"])
    predicted = as_mask(opened["predictions"][0]["result"])
    assert ours.mask_digest is not None
    assert np.array_equal(loop.deployment.mask(ours.mask_digest), theirs)
    assert theirs.sum() > predicted.sum()
    assert ours.dice == pytest.approx(dice(predicted, theirs))
    assert 0.5 < dice(predicted, theirs) < 1
    assert dice(before, theirs) < 0.999
    assert not ours.untouched
    assert ours.prediction_id is not None
    assert not ours.was_cancelled
    assert ours.problem is None


def test_corrections_make_a_better_model_which_is_promoted(loop: Loop, promoted: Promoted) -> None:
    with loop.deployment.store.reading() as session:
        versions = list_versions(session, loop.deployment.project(loop.project).id)
        verdict = evaluations_of(session, versions[-1].id)[0]
    run = loop.last_run()
    assert run is not None
    assert (run.state, run.trigger) == (RunState.SUCCEEDED, RunTrigger.CORRECTIONS), run.problem
    assert sum(run.snapshot.counts.values()) == RETRAIN_AFTER
    assert verdict.promoted
    assert verdict.figures["garments"] == run.snapshot.counts[Split.GOLD] == 6
    assert verdict.figures["p"] <= 0.05
    assert [version.state for version in versions] == [ModelState.RETIRED, ModelState.CHAMPION]
    assert versions[1].parent is not None
    assert versions[1].parent.name == loop.first_version
    assert promoted.version == versions[1].name == loop.second_version


def test_the_next_task_shows_the_new_versions_mask(
    loop: Loop, promoted: Promoted, editor: Editor
) -> None:
    held = loop.deployment.predictions(loop.project)
    opened = editor.label_all(loop.project)
    shot = promoted.left[opened["id"]]
    drawn = editor.wait_for_mask(shot.image)
    editor.screenshot(ARTIFACTS / "after-training.png")

    least_sure = min(held, key=lambda task: float(held[task][0]["score"]))
    assert opened["id"] == least_sure
    assert [one["model_version"] for one in opened["predictions"]] == [promoted.version]
    assert dice(drawn, as_mask(held[least_sure][0]["result"])) > 0.95
    # The least sure of six says little by itself.
    now = {task: as_mask(held[task][0]["result"]) for task in promoted.left}
    assert _mean_dice(now, promoted.left) > _mean_dice(promoted.before, promoted.left) + 0.1
    assert editor.errors == []


def test_the_button_starts_one_training(loop: Loop, promoted: Promoted) -> None:
    client = loop.deployment.user
    backend = client.list_backends(loop.project)[0]["id"]
    client.start_training(backend)

    def started() -> TrainingRun | None:
        run = loop.last_run()
        return run if run is not None and run.trigger is RunTrigger.BUTTON else None

    first = eventually(started, "the button queues a training")
    client.start_training(backend)
    eventually(lambda: loop.deployment.waiting_deliveries() == 0, "the second press is worked on")
    last = loop.last_run()
    assert last is not None
    assert last.id == first.id


def test_rollback_brings_the_version_before_back(
    loop: Loop, promoted: Promoted, editor: Editor
) -> None:
    done = loop.deployment.command("rollback", str(loop.project))
    assert done.returncode == 0, done.stderr
    assert f"{loop.first_version} is champion" in done.stdout
    eventually(lambda: loop.shown() == loop.first_version, "Label Studio shows it")
    eventually(lambda: loop.all_left_have(loop.first_version), "all photos left have its masks")

    task = max(promoted.left)
    opened = editor.open_task(loop.project, task)
    drawn = editor.wait_for_mask(promoted.left[task].image)
    assert [one["model_version"] for one in opened["predictions"]] == [loop.first_version]
    assert dice(drawn, promoted.before[task]) > 0.95


def test_the_dashboard_promotes_and_rolls_back_in_label_studio_too(
    loop: Loop, promoted: Promoted
) -> None:
    with loop.deployment.store.session() as session:
        add_person(session, "ada", generate_password_hash(PASSWORD), Role.ADMIN)
    pages = httpx.Client(
        base_url=f"{loop.deployment.stack.backend_url}/dashboard",
        follow_redirects=True,
        timeout=60.0,
    )

    def send(path: str, **fields: str) -> None:
        token = token_of(pages.get("log-in" if path == "log-in" else f"{loop.project}/models").text)
        answer = pages.post(path, data={"csrf_token": token} | fields)
        assert answer.status_code == 200, answer.text

    with pages:
        send("log-in", name="ada", password=PASSWORD)
        number = promoted.version.rpartition("v")[2]
        send(f"{loop.project}/models/{number}/promote")
        eventually(lambda: loop.shown() == promoted.version, "Label Studio shows what was promoted")
        eventually(lambda: loop.all_left_have(promoted.version), "photos left have its masks")
        send(f"{loop.project}/models/roll-back")
        eventually(lambda: loop.shown() == loop.first_version, "Label Studio shows the one before")
        eventually(lambda: loop.all_left_have(loop.first_version), "photos left have its masks")
