"""Large photos as annotators open them, by what runs the network: `make bench-openings`.

    python -m benchmarks.serving.bench_openings [--photos N] [--seconds S]

A real backend on SQLite, its starter converted (and made int8 where the CPU has instructions for
it, which first takes minutes), is started again for each runtime: until it is ready, then one new
task after the other, then ten annotators who open a new task each every two seconds. Every task has
a photo of 1152 x 1728 px that nobody asked for before. Writes its part of docs/results.md.
"""

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results_page import add_page_options, write_part
from benchmarks.serving.bench_backend import ask, backend, predict, wait_for_champion
from benchmarks.serving.large_photos import draw_large_photos
from hemline.prefill.conversions import Conversions
from hemline.segmentation.runtime.int8_instructions import has_int8_instructions
from hemline.segmentation.starter import starter_digest, starter_path
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store, prepare_database

_PEOPLE, _EVERY_S = 10, 2.0
_WARM_UP = 3
_PHOTOS_A_S = _PEOPLE / _EVERY_S
# The last needs a CPU with instructions for int8.
_WAYS = [
    ("PyTorch", {"HEMLINE_RUNTIME": "torch"}),
    ("OpenVINO", {"HEMLINE_RUNTIME": "openvino", "HEMLINE_INT8": "off"}),
    ("OpenVINO in int8", {"HEMLINE_RUNTIME": "openvino", "HEMLINE_INT8": "on"}),
]


@dataclass(frozen=True)
class OpeningTimes:
    """What one runtime did. `alone` and `together` are seconds of the answers."""

    row: str
    ready_s: float
    alone: list[float]
    together: list[float]
    masks_a_s: float
    missing: int


def main() -> None:
    """Measure, print, and write it down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=60, help="new tasks, one after the other")
    parser.add_argument("--seconds", type=float, default=30.0, help="that annotators open tasks")
    add_page_options(parser)
    options = parser.parse_args()
    needed = _WARM_UP + options.photos + int(options.seconds * _PHOTOS_A_S) + _PEOPLE
    folder = Path(tempfile.mkdtemp(prefix="hemline-bench-"))
    try:
        names = draw_large_photos(folder / "photos", needed)
        _prepare(folder / "stage")
        ways = _WAYS if has_int8_instructions() else _WAYS[:-1]
        rows = []
        for number, (row, environment) in enumerate(ways):
            home = folder / f"way{number}"
            shutil.copytree(folder / "stage", home)
            chosen = environment | {"LOCAL_FILES_DOCUMENT_ROOT": str(folder)}
            rows.append(_measure(row, home, names, options, chosen))
            print(f"{row}: ready after {rows[-1].ready_s:.1f} s", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = _report(rows, options)
    print(text)
    if options.out:
        write_part(options.out, "bench-openings", text)


def _measure(
    row: str, home: Path, names: list[str], options: argparse.Namespace, environment: dict[str, str]
) -> OpeningTimes:
    begin = time.monotonic()
    with backend(home, **environment) as port:
        wait_for_champion(port)
        ready = time.monotonic() - begin
        tasks = iter([_task(number, name) for number, name in enumerate(names, start=1)])
        for _ in range(_WARM_UP):
            _open(port, next(tasks))
        alone = [_open(port, next(tasks)) for _ in range(options.photos)]
        began = time.monotonic()
        together = _annotators(port, tasks, options.seconds)
        masks = sum(good for _, good in together)
        masks_a_s = masks / (time.monotonic() - began)
    return OpeningTimes(
        row,
        ready,
        [seconds for seconds, _ in alone],
        [seconds for seconds, _ in together],
        masks_a_s,
        sum(not good for _, good in (*alone, *together)),
    )


def _annotators(
    port: int, tasks: Iterator[dict[str, Any]], seconds: float
) -> list[tuple[float, bool]]:
    """Each opens a task as soon as it is due and the last one is there."""
    begin, taking = time.monotonic(), threading.Lock()
    answers: list[tuple[float, bool]] = []

    def annotate(place: int) -> None:
        for turn in count():
            due = begin + place * _EVERY_S / _PEOPLE + turn * _EVERY_S
            if max(due, time.monotonic()) >= begin + seconds:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            with taking:
                task = next(tasks)
            answers.append(_open(port, task))

    with ThreadPoolExecutor(_PEOPLE) as pool:
        list(pool.map(annotate, range(_PEOPLE)))
    return answers


def _open(port: int, task: dict[str, Any]) -> tuple[float, bool]:
    """Seconds until the answer, and whether it had a mask."""
    begin = time.monotonic()
    status, body = ask(port, "POST", "/predict", predict([task]))
    seconds = time.monotonic() - begin
    return seconds, status == 200 and "result" in json.loads(body)["results"][0]


def _task(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "data": {"image": f"/data/local-files/?d=photos/{name}"}}


def _prepare(home: Path) -> None:
    """A store in which the starter is converted, and made int8 where that pays."""
    settings = Settings(home=home, device="cpu")
    prepare_database(settings.database)
    store, artifacts = Store(settings.database), ArtifactStore(settings.artifacts)
    artifacts.put(starter_path().read_bytes(), "weights")
    conversions = Conversions(store, artifacts, settings)
    conversions.prepare(starter_digest())
    conversions.improve(starter_digest())
    store.dispose()


def _report(rows: list[OpeningTimes], options: argparse.Namespace) -> str:
    first = rows[0]
    lines = [
        "## Large photos as they are opened",
        "",
        "    make bench-openings",
        "",
        f"Photos of 1152 x 1728 px that nobody asked for before, {os.cpu_count()} cores, by what",
        "runs the starter's network:",
        f"{options.photos} one after the other, then {_PEOPLE} annotators who open one each every "
        f"{_EVERY_S:g} s for {options.seconds:g} s. Milliseconds.",
        "",
        "| | ready after | p50 | p95 | times as fast | ten annotators: masks a second | p50 | p95 "
        "| no mask |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in rows:
        ratio = np.median(first.alone) / np.median(one.alone)
        lines.append(
            f"| {one.row} | {one.ready_s:.1f} s | {_ms(one.alone, 50)} | {_ms(one.alone, 95)} "
            f"| {ratio:.2f} | {one.masks_a_s:.2f} | {_ms(one.together, 50)} "
            f"| {_ms(one.together, 95)} | {one.missing} |"
        )
    return "\n".join(lines)


def _ms(seconds: list[float], percentile: float) -> str:
    return f"{1000 * float(np.percentile(seconds, percentile)):.0f}"


if __name__ == "__main__":
    main()
