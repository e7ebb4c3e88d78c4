"""What else people do in Label Studio: edit again, delete, skip, retrieve, misconfigure."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from hemline.datasets.classes.meanings import class_names
from hemline.demo.environment import child_environment
from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.project.connect import connect
from hemline.masks.figures.overlap import dice
from hemline.store.loop.annotations import corrections_since
from hemline.store.loop.tasks import get_task
from hemline.store.models.runs import last_run
from hemline.store.tables.loop import Annotation
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType
from hemline.system.child_process import ChildProcess
from hemline.system.ports import pick_free_port
from tests.e2e.conftest import ARTIFACTS, Deployment, as_mask, as_regions
from tests.e2e.editor import Editor
from tests.e2e.house_style import Shot, save_photo, shoot
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.labelstudio, pytest.mark.browser, pytest.mark.timeout(900)]

LABELS = ("cuff", "collar", "hem")  # that no starter draws
OUTFIT = ("zipper", "bag", "clothing", "hair", "dessous/👗")


@dataclass(frozen=True)
class Connected:
    """A connected project with photos of one garment each."""

    deployment: Deployment
    project: int
    shots: dict[int, Shot]  # by task id

    def arrived(self, ls_annotation_id: int) -> Annotation:
        return eventually(
            lambda: self.deployment.annotation(self.project, ls_annotation_id),
            f"annotation {ls_annotation_id} arrives in the store",
        )

    def is_labeled(self, task: int) -> bool:
        with self.deployment.store.reading() as session:
            row = get_task(session, self.deployment.project(self.project).id, task)
        assert row is not None
        return row.is_labeled

    def corrections(self) -> int:
        with self.deployment.store.reading() as session:
            return corrections_since(session, self.deployment.project(self.project).id, None)


@pytest.fixture(scope="module")
def connected(deployment: Deployment) -> Connected:
    folder = deployment.stack.files_root / "annotating"
    shots = {shot.path.name: shot for shot in shoot(folder, 5)}
    project = deployment.new_project("Annotating")
    tasks = deployment.import_folder(project, folder)
    deployment.stack.connect(project)
    return Connected(deployment, project, {tasks[name]: shot for name, shot in shots.items()})


@pytest.fixture
def task(connected: Connected) -> int:
    """A task that nobody has annotated, opened once."""
    task = min(connected.deployment.predictions(connected.project))
    connected.deployment.stack.client.open_task(task)
    return task


def test_an_annotation_edited_again_is_the_same_correction(
    connected: Connected, task: int, editor: Editor
) -> None:
    client = connected.deployment.stack.client
    shot = connected.shots[task]
    made = client.create_annotation(task, as_regions(shot.garment), lead_time=3.0)
    first = connected.arrived(made["id"])

    editor.open_task(connected.project, task)
    editor.wait_for_mask(shot.image)
    editor.brush((0.1, 0.8), (0.3, 0.85))
    saved = editor.submit()

    assert saved["id"] == made["id"]

    def changed() -> Annotation | None:
        now = connected.arrived(made["id"])
        return now if now.mask_digest != first.mask_digest else None

    second = eventually(changed, "the edited mask arrives")
    assert second.mask_digest is not None
    mask = connected.deployment.mask(second.mask_digest)
    assert np.array_equal(mask, as_mask(saved["result"]))
    assert mask.sum() > shot.garment.sum()
    assert second.changed_at > first.changed_at
    assert second.prediction_id == first.prediction_id is not None
    assert connected.is_labeled(task)


def test_a_mask_that_went_missing_is_held_until_it_is_confirmed(
    connected: Connected, task: int
) -> None:
    client = connected.deployment.user
    made = client.create_annotation(task, as_regions(connected.shots[task].garment), lead_time=3.0)
    connected.arrived(made["id"])
    before = connected.corrections()
    client.update_annotation(made["id"], result=[])

    def held() -> str | None:
        return connected.arrived(made["id"]).problem

    assert "'garment' was drawn when it was saved before" in str(eventually(held, "it is held"))
    assert connected.corrections() == before - 1
    told = connected.deployment.command(
        "problems", "--project", str(connected.project), "--confirm", str(task)
    )
    assert told.returncode == 0, told.stderr
    assert connected.corrections() == before
    assert connected.arrived(made["id"]).problem is None


def test_a_deleted_annotation_is_no_correction_any_more(connected: Connected, task: int) -> None:
    client = connected.deployment.stack.client
    before = connected.corrections()
    made = client.create_annotation(task, as_regions(connected.shots[task].garment))
    connected.arrived(made["id"])
    assert (connected.corrections(), connected.is_labeled(task)) == (before + 1, True)

    connected.deployment.user.delete_annotation(made["id"])
    eventually(lambda: not connected.is_labeled(task), "the deletion arrives")
    assert connected.corrections() == before
    assert connected.arrived(made["id"]).deleted_at is not None


def test_a_skipped_task_is_labelled_and_no_correction(connected: Connected, editor: Editor) -> None:
    before = connected.corrections()
    opened = editor.label_all(connected.project)
    saved = editor.skip()

    assert saved["was_cancelled"]
    skipped = connected.arrived(saved["id"])
    assert (skipped.was_cancelled, skipped.mask_digest, skipped.problem) == (True, None, None)
    assert connected.is_labeled(opened["id"])
    assert connected.corrections() == before


def test_the_button_with_too_few_corrections_starts_nothing(connected: Connected) -> None:
    user = connected.deployment.user
    user.start_training(user.list_backends(connected.project)[0]["id"])
    eventually(lambda: connected.deployment.waiting_deliveries() == 0, "the press is worked on")
    with connected.deployment.store.reading() as session:
        run = last_run(session, connected.deployment.project(connected.project).id)
    assert run is None
    done = connected.deployment.command("retrain", str(connected.project))
    assert done.returncode == 1
    assert "no training" in done.stdout


def test_labels_that_mean_nothing_open_without_a_mask_and_take_corrections(
    deployment: Deployment, editor: Editor
) -> None:
    folder = deployment.stack.files_root / "labels"
    shot = shoot(folder, 1)[0]
    project = deployment.new_project("Labels", labels=LABELS)
    config = parse_label_config(render_label_config(LABELS))
    assert deployment.stack.connect(project).model_version == ""
    task = deployment.import_folder(project, folder)[shot.path.name]

    opened = editor.open_task(project, task)
    assert opened["predictions"] == []
    editor.brush((0.2, 0.2), (0.4, 0.2))
    saved = editor.submit()

    theirs = as_mask(saved["result"], config)
    ours = eventually(lambda: deployment.annotation(project, saved["id"]), "it arrives")
    assert ours.problem is None
    assert ours.mask_digest is not None
    assert np.array_equal(deployment.mask(ours.mask_digest), theirs)
    assert set(np.unique(theirs)) == {0, 1}
    assert ours.prediction_id is None
    assert editor.errors == []


def test_several_labels_open_each_under_its_own_name(
    deployment: Deployment, editor: Editor
) -> None:
    """And a change of what they mean reaches the tasks that are open."""
    folder = deployment.stack.files_root / "outfit"
    shot = shoot(folder, 1)[0]
    project = deployment.new_project("Outfit", labels=OUTFIT)
    config = parse_label_config(render_label_config(OUTFIT))
    said = deployment.command("connect", str(project))
    assert said.returncode == 0, said.stderr
    assert f"which shows hemline-{project}-v1" in said.stdout
    assert "  bag = bag\n" in said.stdout
    assert "  zipper: the starter draws no parts of garments\n" in said.stdout
    task = deployment.import_folder(project, folder)[shot.path.name]

    opened = editor.open_task(project, task)
    (prediction,) = opened["predictions"]
    assert prediction["model_version"] == f"hemline-{project}-v1"
    drawn = {region["value"]["brushlabels"][0]: region for region in prediction["result"]}
    assert "clothing" in drawn
    assert not {"zipper", "dessous/👗"} & {*drawn}
    clothing = as_mask([drawn["clothing"]], config) > 0
    assert dice(clothing, shot.garment) > 0.4  # a starter that never saw this house's photos
    saved = editor.submit()
    ours = eventually(lambda: deployment.annotation(project, saved["id"]), "it arrives")
    assert ours.untouched
    assert ours.mask_digest is not None
    mask = deployment.mask(ours.mask_digest)
    assert np.array_equal(mask == OUTFIT.index("clothing") + 1, clothing)
    assert editor.errors == []

    other = shoot(folder, 1, first=1)[0]
    task = deployment.import_folder(project, folder)[other.path.name]
    everything = ",".join(name for name in class_names() if name != "hair")
    said = deployment.command("connect", str(project), "--map", f"dessous/👗={everything}")
    assert said.returncode == 0, said.stderr

    def by_the_second() -> bool:
        found = deployment.predictions(project).get(task, [])
        return any(each["model_version"] == f"hemline-{project}-v2" for each in found)

    eventually(by_the_second, "the pool is predicted with what the labels mean now")
    eventually(
        lambda: deployment.stack.client.get_project(project)["model_version"].endswith("-v2"),
        "Label Studio shows the second version",
    )
    opened = editor.open_task(project, task)
    now = {region["value"]["brushlabels"][0] for region in opened["predictions"][0]["result"]}
    assert "dessous/👗" in now
    assert "clothing" not in now


def test_a_project_without_a_brush_is_refused_in_a_sentence(deployment: Deployment) -> None:
    config = (
        '<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image">'
        '<Label value="garment"/></RectangleLabels></View>'
    )
    project = deployment.stack.client.create_project("Boxes", config)["id"]
    with pytest.raises(LabelConfigError, match="no <BrushLabels>"):
        deployment.stack.connect(project)
    said = deployment.command("connect", str(project))
    assert said.returncode == 1
    assert "no <BrushLabels>" in re.sub(r"\s+", " ", said.stderr + said.stdout)
    assert "Traceback" not in said.stderr


def test_a_project_that_loses_its_brush_says_so(deployment: Deployment, editor: Editor) -> None:
    folder = deployment.stack.files_root / "lost-brush"
    shot = shoot(folder, 1)[0]
    project = deployment.new_project("Lost brush")
    deployment.stack.connect(project)
    without = (
        '<View><Image name="image" value="$image"/><Choices name="kind" toName="image">'
        '<Choice value="dress"/></Choices></View>'
    )
    deployment.stack.client.update_project(project, label_config=without)
    task = deployment.import_folder(project, folder)[shot.path.name]

    opened = editor.open_task(project, task)
    assert opened["predictions"] == []
    eventually(lambda: deployment.project(project).problem, "the project is marked")
    assert "no <BrushLabels>" in (deployment.project(project).problem or "")
    assert editor.errors == []


@pytest.mark.slow
@pytest.mark.timeout(900)  # other tests may have both cores
def test_retrieving_many_predictions_leaves_what_is_late_to_the_worker(
    deployment: Deployment, hasty_backend: str
) -> None:
    folder = deployment.stack.files_root / "many"
    shots = shoot(folder, 30)
    project = deployment.new_project("Many")
    tasks = deployment.import_folder(project, folder)
    client = deployment.stack.client
    connection = connect(client, deployment.stack.settings, project, backend_url=hasty_backend)

    answer = client.perform_action(project, "retrieve_tasks_predictions", sorted(tasks.values()))
    at_once = sum(bool(found) for found in deployment.predictions(project).values())
    assert "error" not in str(answer).lower()
    assert _answered(hasty_backend, "left") > 0
    assert at_once < len(tasks)

    def all_there() -> bool:
        return all(deployment.predictions(project).values())

    eventually(all_there, "the worker imports the rest", seconds=600)
    held = deployment.predictions(project)
    assert {len(found) for found in held.values()} == {1}
    assert {found[0]["model_version"] for found in held.values()} == {connection.model_version}
    quality = [
        dice(as_mask(held[tasks[shot.path.name]][0]["result"]), shot.garment) for shot in shots
    ]
    assert np.median(quality) > 0.8


@pytest.fixture
def hasty_backend(deployment: Deployment, tmp_path: Path) -> Iterator[str]:
    """A second backend on the same store, which answers within a second with what it has."""
    settings = deployment.stack.settings.model_copy(
        update={"port": pick_free_port(), "predict_budget_s": 1.0}
    )
    url = f"http://{settings.host}:{settings.port}"
    backend = ChildProcess(
        "the hasty backend",
        [str(Path(sys.executable).with_name("hemline")), "backend"],
        log_path=deployment.stack.home / "logs" / "hasty.log",
        env=child_environment(settings),
    )
    backend.start()
    try:
        eventually(lambda: _is_ready(url), "the second backend is ready")
        yield url
    finally:
        backend.stop()


def test_the_picture_for_the_readme(deployment: Deployment, editor: Editor) -> None:
    """A photo as large as real ones; docs/images/prefilled.png is this screenshot."""
    folder = deployment.stack.files_root / "picture"
    shoot(folder, 7)
    scene = draw_scene(
        41, height=768, width=512, kind=FigureKind.MANNEQUIN, garment_type=GarmentType.DRESS
    )
    image = save_photo(folder / "dress41_Front.jpg", scene)
    project = deployment.new_project("Dresses, autumn")
    task = deployment.import_folder(project, folder)["dress41_Front.jpg"]
    deployment.stack.connect(project)
    editor.open_task(project, task)
    drawn = editor.wait_for_mask(image)
    editor.screenshot(ARTIFACTS / "picture.png")
    assert dice(drawn, scene.mask) > 0.8


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _answered(url: str, source: str) -> float:
    """How many tasks /predict has answered in that way, by its metrics."""
    text = httpx.get(f"{url}/metrics", timeout=10, trust_env=False).text
    sample = re.escape(f'hemline_task_answers_total{{source="{source}"}} ')
    found = re.search(rf"^{sample}(\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0
