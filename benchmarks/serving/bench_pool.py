"""The pool, photos a second from Label Studio's files to its predictions: `make bench-pool N=500`.

    python -m benchmarks.serving.bench_pool [--photos N] [--threads N]

Drawn photos of 1152 x 1728 px, as JPEG files of a Label Studio in a process of its own, are
predicted by the starter and imported, again and again from the same database: one after another by
PyTorch, as Hemline did it at first, then by OpenVINO, and side by side as the worker does it, in
int8 too where the CPU has the instructions (making the starter int8 first takes minutes). Each way
begins with no photo in the cache. Writes its part of docs/results.md.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from benchmarks.results_page import add_page_options, write_part
from benchmarks.serving.large_photos import draw_large_photos
from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.masks.codecs.png import encode_class_mask
from hemline.prefill.prefill import Prefiller
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.runtime.int8_instructions import has_int8_instructions
from hemline.settings import Settings
from hemline.store.database.engine import prepare_database
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.projects import known_project, upsert_project
from hemline.store.loop.tasks import tasks_to_predict
from hemline.store.models.models import champion
from hemline.store.states import JobKind
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.attempts import counted
from worker.ingest.reconcile import reconcile_project
from worker.pool.import_predictions import import_unsent
from worker.pool.predict_pool import predict_pool
from worker.services import Services, build_services

_CONFIG = render_label_config(["garment"])
_PROJECT = 7
_AT_ONCE = 50


@dataclass(frozen=True)
class Timing:
    """One way to predict all photos. CPU seconds are this process's, without Label Studio's."""

    row: str
    photos: int
    wall_s: float
    cpu_s: float


def main() -> None:
    """Measure, print, and write it down."""
    options = _options()
    with TemporaryDirectory(prefix="hemline-bench-pool-") as folder:
        photos = Path(folder) / "photos"
        draw_large_photos(photos, options.photos)
        ways = _WAYS if has_int8_instructions() else _WAYS[:-1]
        timings = []
        with _label_studio(photos) as url:
            stage = Path(folder) / "stage"
            _prepare(_settings(stage, url, options.threads))
        for number, (row, predict, chosen) in enumerate(ways):
            home = Path(folder) / f"way{number}"
            shutil.copytree(stage, home)
            with _label_studio(photos) as url:
                services = build_services(_settings(home, url, options.threads, **chosen))
                timings.append(_time(row, services, predict))
            print(f"{row}: {timings[-1].wall_s:.0f} s", file=sys.stderr, flush=True)
            shutil.rmtree(home)
    text = report(timings, options.threads)
    print(text)
    if options.out:
        write_part(options.out, "bench-pool", text)


def report(timings: list[Timing], threads: int) -> str:
    """The part of the page on results."""
    first = timings[0]
    lines = [
        "## The pool, end to end",
        "",
        "    make bench-pool",
        "",
        f"{first.photos} drawn photos of 1152 x 1728 px, from Label Studio's files to its",
        f"predictions, by the starter on {os.cpu_count()} cores, {threads} threads of the network.",
        "",
        "| | photos a second | times as many | CPU ms a photo |",
        "|---|--:|--:|--:|",
    ]
    lines += [
        f"| {one.row} | {one.photos / one.wall_s:.2f} | {first.wall_s / one.wall_s:.2f} "
        f"| {1000 * one.cpu_s / one.photos:.0f} |"
        for one in timings
    ]
    return "\n".join(lines)


def _time(row: str, services: Services, predict: Callable[[Services], None]) -> Timing:
    wall, cpu = time.perf_counter(), time.process_time()
    predict(services)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with services.store.reading() as session:
        project = known_project(session, _PROJECT)
        version = champion(session, project.id)
        assert version is not None
        left = tasks_to_predict(session, project.id, version.id, limit=1)
    if left:
        raise SystemExit(f"{row}: task {left[0].ls_task_id} was not predicted; see the log")
    names = services.client.get_project(_PROJECT)["task_number"]
    services.client.close()
    services.store.dispose()
    return Timing(row, int(names), wall, cpu)


def _side_by_side(services: Services) -> None:
    with services.store.session() as session:
        project = known_project(session, _PROJECT)
        job_id = queue_job(session, project.id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, job_id)


def _one_after_another(services: Services) -> None:
    prefiller = _prefiller(services)
    with services.store.reading() as session:
        project = known_project(session, _PROJECT)
        version = champion(session, project.id)
    assert version is not None
    config = parse_label_config(_CONFIG)
    model = prefiller.load(version)
    after = 0
    while True:
        with services.store.reading() as session:
            tasks = tasks_to_predict(
                session, project.id, version.id, after_ls_task_id=after, limit=_AT_ONCE
            )
        for task in tasks:
            ls_task = {"id": task.ls_task_id, "data": task.data}
            with counted(services, f"prediction/{task.id}", way_out="replace the photo"):
                prefiller.predict_task(model, project.id, config, ls_task)
        import_unsent(services, prefiller, model, project, config, lambda: None)
        if not tasks:
            return
        after = tasks[-1].ls_task_id


def _as_it_was(services: Services) -> None:
    """Every photo decoded in full, and Pillow's PNG files."""

    def whole(_: Predictor, height: int, width: int) -> tuple[int, int]:
        return height, width

    encoder = "hemline.prefill.new_predictions.encode_predicted_mask"
    with patch.object(Predictor, "least_size", whole), patch(encoder, encode_class_mask):
        _one_after_another(services)


def _prepare(settings: Settings) -> None:
    """A project of all tasks whose champion, the starter, is converted."""
    prepare_database(settings.database)
    services = build_services(settings)
    with services.store.session() as session:
        project = upsert_project(
            session, ls_project_id=_PROJECT, title="Pool", label_config=_CONFIG
        )
    prefiller = _prefiller(services)
    prefiller.ensure_starter(project.id, parse_label_config(_CONFIG))
    with services.store.reading() as session:
        version = champion(session, project.id)
    assert version is not None
    prefiller.prepare(version)
    prefiller.improve(version)
    reconcile_project(services, project)
    services.client.close()
    services.store.dispose()


def _prefiller(services: Services) -> Prefiller:
    return Prefiller(services.store, services.artifacts, services.photos, services.settings)


def _settings(home: Path, url: str, threads: int, **chosen: Any) -> Settings:
    chosen |= {
        "home": home,
        "label_studio_url": url,
        "label_studio_api_key": "a" * 40,
        "device": "cpu",
        "predict_threads": threads,
    }
    return Settings(**chosen)


# Each way with its settings; the last needs a CPU with instructions for int8.
_WAYS: list[tuple[str, Callable[[Services], None], dict[str, str]]] = [
    ("PyTorch, one after another, decoded in full", _as_it_was, {"runtime": "torch"}),
    ("OpenVINO, one after another", _one_after_another, {"runtime": "openvino", "int8": "off"}),
    ("OpenVINO, side by side", _side_by_side, {"runtime": "openvino", "int8": "off"}),
    ("OpenVINO in int8, side by side", _side_by_side, {"runtime": "openvino", "int8": "on"}),
]


@contextmanager
def _label_studio(photos: Path) -> Iterator[str]:
    """Its URL; in a process of its own, as the real one is."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(photos, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(photos: Path, pipe: Connection) -> None:
    fake = FakeLabelStudio(_CONFIG, _PROJECT)
    for file in sorted(photos.iterdir()):
        fake.add_task(file.name, file.read_bytes())
    fake.start()
    pipe.send(fake.url)
    pipe.recv()  # for ever: it is terminated


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=500, help="drawn photos")
    parser.add_argument("--threads", type=int, default=2, help="threads of the network")
    add_page_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
