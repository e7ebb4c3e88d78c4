"""An annotator corrects masks with clicks and boxes: real Label Studio, backend and browser."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.masks.figures.overlap import dice
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType
from tests.e2e.clicking import Clicker
from tests.e2e.conftest import ARTIFACTS, Deployment, as_mask, as_regions
from tests.e2e.editor import Editor, Point
from tests.e2e.house_style import save_photo
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.labelstudio,
    pytest.mark.browser,
    pytest.mark.timeout(900),
]

HEIGHT, WIDTH = 768, 512
_FAULT_PX = 45  # radius of a fault that is planted into a pre-fill
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Faulty:
    """A task whose pre-fill lacks discs of the garment and has one too many."""

    task: int
    truth: Mask
    prefill: Mask
    missing: tuple[Point, ...]  # middles of what is missing
    extra: Point

    def at(self, mask: Mask, place: Point) -> bool:
        return bool(mask[int(place[1] * HEIGHT), int(place[0] * WIDTH)])

    def changed(self, mask: Mask, place: Point) -> float:
        """The share of the fault around a place that differs from the pre-fill."""
        disc = _disc(place)
        return float((mask != self.prefill)[disc].mean())


@dataclass(frozen=True)
class Clicked:
    deployment: Deployment
    project: int
    tasks: list[Faulty]


def _disc(place: Point) -> Mask:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(x - place[0] * WIDTH, y - place[1] * HEIGHT)
    return np.asarray(away <= _FAULT_PX)


def _plant(task: int, truth: Mask) -> Faulty:
    """Three discs of the garment's middle line are lacking, and one beside it is too much."""
    rows = np.flatnonzero(truth.any(1))
    missing = []
    for share in (0.3, 0.55, 0.8):
        row = int(rows[0] + share * (rows[-1] - rows[0]))
        missing.append((float(np.flatnonzero(truth[row]).mean()) / WIDTH, row / HEIGHT))
    row = int(rows[0] + 0.2 * (rows[-1] - rows[0]))
    extra = ((np.flatnonzero(truth[row])[0] - 1.5 * _FAULT_PX) / WIDTH, row / HEIGHT)
    prefill = truth | _disc(extra)
    for place in missing:
        prefill &= ~_disc(place)
    return Faulty(task, truth, prefill, tuple(missing), extra)


@pytest.fixture(scope="module")
def clicked(deployment: Deployment) -> Clicked:
    """A connected project whose pre-fills have known faults."""
    folder = deployment.stack.files_root / "clicks"
    folder.mkdir()
    truths = {}
    for number in range(4):
        scene = draw_scene(
            41 + number,
            height=HEIGHT,
            width=WIDTH,
            kind=FigureKind.MANNEQUIN,
            garment_type=GarmentType.DRESS,
        )
        save_photo(folder / f"click{number}_Front.jpg", scene)
        truths[f"click{number}_Front.jpg"] = scene.mask > 0
    project = deployment.new_project("Clicks")
    tasks = deployment.import_folder(project, folder)
    deployment.stack.connect(project)
    for task in tasks.values():
        deployment.stack.client.open_task(task)
    made = [_plant(tasks[name], truth) for name, truth in truths.items()]
    held = deployment.predictions(project)
    for each in made:
        (prediction,) = held[each.task]
        (region,) = as_regions(each.prefill.astype(np.uint8))
        region["id"] = prediction["result"][0]["id"]
        deployment.stack.client.update_prediction(prediction["id"], result=[region])
    return Clicked(deployment, project, made)


@pytest.fixture
def clicker(editor: Editor) -> Iterator[Clicker]:
    yield Clicker(editor)
    assert editor.errors == []


def _shot(clicker: Clicker, name: str) -> None:
    clicker.editor.screenshot(ARTIFACTS / f"clicks-{name}.png")


def test_clicks_change_the_region_that_is_there(clicked: Clicked, clicker: Clicker) -> None:
    faulty = clicked.tasks[0]
    before = clicker.open(clicked.project, faulty.task)
    assert before is not None
    _shot(clicker, "before")
    clicker.choose("k")

    clicker.click(faulty.missing[0])
    added = clicker.region()
    mask = added.mask(HEIGHT, WIDTH)
    assert added.key == before.key
    assert faulty.at(mask, faulty.missing[0])
    assert faulty.changed(mask, faulty.extra) == 0  # another part, which nobody pointed at
    _shot(clicker, "added")

    clicker.click(faulty.extra, away=True)
    cut = clicker.region()
    assert cut.key == before.key
    assert not faulty.at(cut.mask(HEIGHT, WIDTH), faulty.extra)
    assert faulty.at(cut.mask(HEIGHT, WIDTH), faulty.missing[0])
    assert dice(cut.mask(HEIGHT, WIDTH), faulty.truth) > dice(faulty.prefill, faulty.truth)
    _shot(clicker, "cut")

    clicker.undo()
    assert np.array_equal(clicker.region().mask(HEIGHT, WIDTH), mask)
    clicker.page.keyboard.press("Control+Shift+z")
    clicker.page.wait_for_timeout(1200)
    shown = clicker.region().mask(HEIGHT, WIDTH)
    assert np.array_equal(shown, cut.mask(HEIGHT, WIDTH))

    annotation = clicker.editor.submit()
    (region,) = annotation["result"]
    assert (region["id"], region["type"]) == (before.key, "brushlabels")
    assert region["origin"] == "prediction-changed"
    assert _stored(clicked, annotation["id"], shown.shape) == pytest.approx(shown)


def test_three_quick_clicks_all_count(clicked: Clicked, clicker: Clicker) -> None:
    faulty = clicked.tasks[1]
    before = clicker.open(clicked.project, faulty.task)
    assert before is not None
    clicker.choose("k")
    for place in faulty.missing:
        clicker.click(place, wait=False)
        clicker.page.wait_for_timeout(700)
    clicker.settle(3)
    after = clicker.region()
    assert after.key == before.key
    assert all(faulty.at(after.mask(HEIGHT, WIDTH), place) for place in faulty.missing)


def test_a_stroke_that_is_saved_is_kept_by_a_click(clicked: Clicked, clicker: Clicker) -> None:
    faulty = clicked.tasks[2]
    before = clicker.open(clicked.project, faulty.task)
    assert before is not None
    corner = ((0.08, 0.9), (0.25, 0.9))
    clicker.editor.brush(*corner)
    clicker.wait_for_draft()
    clicker.choose("k")
    clicker.click(faulty.missing[1])
    after = clicker.region()
    shown = after.mask(HEIGHT, WIDTH)
    assert after.key == before.key
    assert faulty.at(shown, (0.16, 0.9))
    assert faulty.at(shown, faulty.missing[1])
    assert faulty.changed(shown, faulty.extra) == 0
    annotation = clicker.editor.submit()
    assert [region["id"] for region in annotation["result"]] == [before.key]
    assert _stored(clicked, annotation["id"], shown.shape) == pytest.approx(shown)


def test_a_box_says_where_the_garment_is(clicked: Clicked, clicker: Clicker) -> None:
    faulty = clicked.tasks[3]
    before = clicker.open(clicked.project, faulty.task)
    assert before is not None
    clicker.choose("r")
    rows, columns = np.flatnonzero(faulty.truth.any(1)), np.flatnonzero(faulty.truth.any(0))
    clicker.box(
        ((columns[0] - 8) / WIDTH, (rows[0] - 8) / HEIGHT),
        ((columns[-1] + 8) / WIDTH, (rows[-1] + 8) / HEIGHT),
    )
    _shot(clicker, "box")
    after = clicker.region()
    assert after.key == before.key
    shown = after.mask(HEIGHT, WIDTH)
    assert all(faulty.at(shown, place) for place in faulty.missing)


def test_the_label_of_a_click_says_which_region(deployment: Deployment, clicker: Clicker) -> None:
    """Two labels, and no model of the project's own yet: the regions come with the task."""
    folder = deployment.stack.files_root / "two-labels"
    folder.mkdir()
    scene = draw_scene(
        61,
        height=HEIGHT,
        width=WIDTH,
        kind=FigureKind.MANNEQUIN,
        garment_type=GarmentType.DRESS,
    )
    save_photo(folder / "two_Front.jpg", scene)
    project = deployment.new_project("Two labels", labels=("upper", "lower"))
    (task,) = deployment.import_folder(project, folder).values()
    faulty = _plant(task, scene.mask > 0)
    middle = int((faulty.missing[0][1] + faulty.missing[2][1]) / 2 * HEIGHT)
    classes = np.where(np.arange(HEIGHT)[:, None] < middle, 1, 2)
    both = np.asarray(classes * faulty.prefill, dtype=np.uint8)
    config = parse_label_config(render_label_config(["upper", "lower"]))
    upper, lower = as_regions(both, config)
    prediction = {"task": task, "result": [upper, lower], "score": 0.5, "model_version": "by hand"}
    deployment.stack.client.import_predictions(project, [prediction])
    deployment.stack.connect(project)

    clicker.open(project, task)
    keys = {region.key for region in clicker.regions()}
    for hotkey, label, place in (
        ("Shift+Alt+1", "upper", faulty.missing[0]),
        ("Shift+Alt+2", "lower", faulty.missing[2]),
    ):
        others = {each.key: each.rle for each in clicker.regions() if label not in each.label}
        clicker.choose("k")
        clicker.page.keyboard.press(hotkey)
        clicker.click(place)
        after = {region.key: region for region in clicker.regions()}
        assert after.keys() == keys
        (changed,) = [region for region in after.values() if label in region.label]
        assert faulty.at(changed.mask(HEIGHT, WIDTH), place)
        assert all(after[key].rle == rle for key, rle in others.items())
    annotation = clicker.editor.submit()
    assert {region["id"] for region in annotation["result"]} == {upper["id"], lower["id"]}
    assert {region["type"] for region in annotation["result"]} == {"brushlabels"}
    stored = as_mask(annotation["result"], config)
    assert faulty.at(stored == 1, faulty.missing[0])
    assert faulty.at(stored == 2, faulty.missing[2])


def _stored(clicked: Clicked, annotation: int, shape: tuple[int, ...]) -> Mask:
    """The correction as Hemline's store has it."""
    row = eventually(
        lambda: clicked.deployment.annotation(clicked.project, annotation), "it arrives"
    )
    assert row.problem is None
    assert row.mask_digest is not None
    mask = clicked.deployment.mask(row.mask_digest) > 0
    assert mask.shape == shape
    return mask
