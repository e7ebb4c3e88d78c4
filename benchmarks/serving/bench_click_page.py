"""What an annotator waits for after a click: `make bench-click-page`, with CHROMIUM set.

    python -m benchmarks.serving.bench_click_page [--clicks N]

A real Label Studio, backend, worker and Chromium on this machine; a drawn photo of 1152 x 1728 px
in a connected project, its pre-fill by the starter. Clicks fall inside the garment, one at a time,
in turn to take away and to add. Three times are taken of each: the backend's own (from its
metrics), the request's as the page sees it, through Label Studio, and from the mouse button to the
changed region in the page. Then the same beside matrix products on every core at a training's
priority. Writes its part of docs/results.md.
"""

import argparse
import os
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import httpx
import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.results_page import add_page_options, write_part
from benchmarks.serving.bench_backend import training_load
from hemline.demo.photo_folder import open_photo_folder
from hemline.demo.project import import_photos
from hemline.demo.stack import Stack, stack_settings
from hemline.errors import HemlineError
from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.server import Account
from hemline.prefill.conversions import Conversions
from hemline.segmentation.runtime.int8_instructions import has_int8_instructions
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import open_store
from hemline.studio.scene import draw_scene
from hemline.system.ports import pick_free_port
from tests.e2e.clicking import Clicker
from tests.e2e.editor import Editor, Point
from tests.plugins.chromium import launched
from worker.training.supervise import NICE

ACCOUNT = Account(email="bench@hemline.local", password="for-the-benchmark", token="be4c" * 10)
HEIGHT, WIDTH = 1728, 1152
_SCENE = 7_200_000
_WARM_UP = 2  # clicks: the network opens, the photo is fetched and decoded
_LONGEST_S = 600.0  # that the worker may take to make the click network int8
_LOOKED_AFTER_S = 61.0  # the backend looks for a quicker form no more often
_REOPENED_S = 10.0

# By the page's clock: from the mouse button to the first frame with another mask.
_WATCH = """() => {
    const mask = () => [...Htx.annotationStore.selected.areas.values()].map(r => r.rle)[0];
    window.clickedFor = null;
    addEventListener('mousedown', () => {
        const began = performance.now(), before = mask();
        const look = () => {
            if (mask() !== before) window.clickedFor = performance.now() - began;
            else requestAnimationFrame(look);
        };
        look();
    }, {capture: true, once: true});
}"""


@dataclass(slots=True)
class Times:
    """Seconds of each click."""

    backend: list[float] = field(default_factory=list)
    request: list[float] = field(default_factory=list)
    page: list[float] = field(default_factory=list)


def main() -> None:
    """Measure, print, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=20, help="clicks that are timed, each time")
    add_page_options(parser)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="hemline-bench-") as folder:
        idle, beside = measure(Path(folder), options.clicks)
    text = report(idle, beside)
    print(text)
    if options.out:
        write_part(options.out, "bench-click-page", text)


def measure(home: Path, clicks: int) -> tuple[Times, Times]:
    """The times on an otherwise idle machine, and beside a training."""
    settings = stack_settings(
        home,
        ACCOUNT,
        label_studio_port=pick_free_port(),
        backend_port=pick_free_port(),
        webhook_secret="bench",
        reconcile_every_s=3600.0,
    )
    with Stack(settings, ACCOUNT) as stack, launched() as browser:
        project, task, places = prepare(stack)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        editor = Editor(page, stack.url)
        editor.log_in(ACCOUNT)
        clicker = Clicker(editor)
        if clicker.open(project, task) is None:
            raise HemlineError("the task has no pre-fill; see the backend's log")
        clicker.choose("k")
        walk(clicker, stack, places[:_WARM_UP])
        if wait_for_int8(settings):
            walk(clicker, stack, places[:_WARM_UP])
            time.sleep(_REOPENED_S)
        found = []
        for load in (nullcontext(), training_load(NICE)):
            with load:
                found.append(walk(clicker, stack, places[_WARM_UP : _WARM_UP + clicks]))
    return found[0], found[1]


def wait_for_int8(settings: Settings) -> bool:
    """Waits until the worker has made the click network int8, where this CPU is quicker in it, and
    the backend looks for it. Returns whether it serves."""
    store = open_store(settings.database)
    conversions = Conversions(store, ArtifactStore(settings.artifacts), settings)
    if not conversions.int8_may_serve():
        return False
    deadline = time.monotonic() + _LONGEST_S
    while conversions.may_improve_clicks():
        if time.monotonic() > deadline:
            raise HemlineError("the click network was not made int8; see the worker's log")
        time.sleep(1)
    time.sleep(_LOOKED_AFTER_S)
    return True


def prepare(stack: Stack) -> tuple[int, int, list[Point]]:
    """A connected project with one pre-filled photo: project, task and places inside it."""
    scene = draw_scene(_SCENE, height=HEIGHT, width=WIDTH)
    folder = stack.files_root / "clicks"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "garment_Front.jpg"), cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR))
    made = stack.client.create_project("Clicks", render_label_config(["garment"]))
    project: int = made["id"]
    import_photos(stack.client, project, open_photo_folder(folder, stack.files_root))
    (task,) = (each["id"] for each in stack.client.iter_tasks(project, full=False))
    stack.connect(project)
    stack.client.open_task(task)
    ys, xs = np.nonzero(scene.mask > 0)
    chosen = np.random.default_rng(0).choice(len(ys), 200, replace=False)
    return project, task, [(xs[k] / WIDTH, ys[k] / HEIGHT) for k in chosen]


def walk(clicker: Clicker, stack: Stack, places: list[Point]) -> Times:
    """Click each place, first to take away, then to add, and so on."""
    times = Times()
    for number, place in enumerate(places):
        clicker.page.evaluate(_WATCH)
        seconds, count = predict_seconds(stack)
        clicker.click(place, away=number % 2 == 0)
        after = predict_seconds(stack)
        if after[1] != count + 1:
            print(f"click {number}: {after[1] - count:g} requests, left out", file=sys.stderr)
            continue
        times.backend.append(after[0] - seconds)
        times.request.append(clicker.seconds[-1])
        waited = clicker.page.evaluate("() => window.clickedFor")
        if waited is not None:  # null: the answer left the mask as it was
            times.page.append(waited / 1000)
    return times


def predict_seconds(stack: Stack) -> tuple[float, float]:
    """The seconds and the number of the backend's /predict requests until now."""
    answer = httpx.get(f"{stack.backend_url}/metrics")
    found = {"_sum": 0.0, "_count": 0.0}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            kind = sample.name.removeprefix("hemline_request_seconds")
            if kind in found and sample.labels.get("endpoint") == "predict":
                found[kind] += sample.value
    return found["_sum"], found["_count"]


def report(idle: Times, beside: Times) -> str:
    """The part of the page on results."""
    rows = [
        ("the backend", "backend"),
        ("the request, through Label Studio", "request"),
        ("mouse button to changed mask in the page", "page"),
    ]
    lines = [
        "## From a click to the changed mask",
        "",
        "    make bench-click-page",
        "",
        f"A real Label Studio and Chromium, all on {os.cpu_count()} cores; a drawn photo of "
        f"{WIDTH} x {HEIGHT} px,",
        f"{len(idle.request)} clicks one after another; milliseconds; a CPU "
        f"{'with' if has_int8_instructions() else 'without'} int8 instructions.",
        "",
        "| | median | p95 | median beside a training | p95 |",
        "|---|--:|--:|--:|--:|",
    ]
    for words, name in rows:
        values = [
            f"{1000 * value:.0f}"
            for times in (idle, beside)
            for value in np.percentile(getattr(times, name) or [np.nan], [50, 95])
        ]
        lines.append(f"| {words} | " + " | ".join(values) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
