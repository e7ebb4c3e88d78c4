"""Time from start to ready of a backend with many projects, and what they cost it afterwards.

    python -m benchmarks.serving.bench_projects [--projects 1 300 1000]

Fills an SQLite store with projects whose champion is the starter, starts a real `hemline backend`
on it, and asks /readyz until it says so, with a webhook every 50 ms beside it from the moment the
port answers. Then nothing happens for ten seconds. Prints a table; asserts nothing.
"""

import argparse
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from benchmarks.serving.bench_backend import CONFIG, backend, call, correction, wait_until
from hemline.segmentation.model_card import read_card
from hemline.segmentation.starter import starter_path
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version, promote

READY_WITHIN_S = 600.0
WEBHOOK_EVERY_S = 0.05
QUIET_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--projects", type=int, nargs="+", default=[1, 300, 1000])
    options = parser.parse_args()
    print("projects  ready after  webhooks until then: n, failed, p50, p99   one core when quiet")
    for count in options.projects:
        home = Path(tempfile.mkdtemp(prefix="hemline-bench-"))
        try:
            fill(home, count)
            print(f"{count:8}  {measure(home)}", flush=True)
        finally:
            shutil.rmtree(home, ignore_errors=True)


def fill(home: Path, count: int) -> None:
    settings = Settings(home=home, database_url="")
    store = Store(settings.database)
    store.upgrade()
    path = starter_path()
    recipe = read_card(path).recipe.model_dump(mode="json")
    digest = ArtifactStore(settings.artifacts).put(path.read_bytes(), "weights")
    with store.session() as session:
        for number in range(1, count + 1):
            project = upsert_project(session, ls_project_id=number, label_config=CONFIG)
            version = create_version(
                session,
                project.id,
                recipe=recipe,
                labels=["garment"],
                weights_digest=digest,
                code_version="0",
            )
            promote(session, version.id)
    store.dispose()


def measure(home: Path) -> str:
    started = time.monotonic()
    with backend(home) as port:
        with webhooks(port) as answers:
            wait_until(lambda: call(port, "GET", "/readyz") == 200, READY_WITHIN_S)
            ready = time.monotonic() - started
            sent = list(answers)
        times = [ms for ms, _ in sent] or [float("nan")]
        failed = sum(status != 201 for _, status in sent)
        p50, p99 = np.percentile(times, (50, 99))
        before = cpu_seconds()
        time.sleep(QUIET_S)
        share = (cpu_seconds() - before) / QUIET_S
    return (
        f"{ready:9.1f} s  {len(sent):22} {failed:6} {p50:6.0f} {p99:6.0f} ms  {100 * share:18.1f} %"
    )


@contextmanager
def webhooks(port: int) -> Iterator[list[tuple[float, int]]]:
    """Sends corrections one after the other; yields milliseconds and status of each so far."""
    answers: list[tuple[float, int]] = []
    ending = threading.Event()

    def send() -> None:
        while not ending.is_set():
            began = time.perf_counter()
            status = call(port, "POST", "/webhook", correction("start", len(answers)))
            answers.append(((time.perf_counter() - began) * 1000, status))
            ending.wait(WEBHOOK_EVERY_S)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        ending.set()
        thread.join(110)


def cpu_seconds() -> float:
    """What the backend's processes have used."""
    times = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
    return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    main()
