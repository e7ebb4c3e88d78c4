"""Latency of the backend as Label Studio meets it: idle, and beside a training on the same cores.

    python -m benchmarks.serving.bench_backend [--requests 300] [--photos 40]

Starts a real `hemline backend` on a free port with an empty SQLite store, draws photos, and asks
with a new connection a request, as Label Studio does. Prints a table; asserts nothing.
"""

import argparse
import base64
import http.client
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hemline.labelstudio.project.config import render_label_config
from hemline.studio.scene import draw_scene
from hemline.system.ports import pick_free_port
from worker.training.supervise import NICE

CONFIG = render_label_config(["garment"])
PROJECT = "1.1700000000"
CALLERS = 4  # requests in flight; a small team of annotators at once
PAUSE_S = 0.05  # of a caller after each answer: 4 callers make some 60 requests a second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=300, help="requests an endpoint")
    parser.add_argument("--photos", type=int, default=40, help="photos to predict, 512 px high")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="hemline-bench-"))
    try:
        tasks = draw_photos(home / "photos", options.photos)
        with backend(home) as port:
            wait_for_champion(port)
            print(f"{os.cpu_count()} cores, {CALLERS} callers, milliseconds\n")
            print(f"{'':34}{'n':>6}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}{'failed':>8}")
            measure(port, options.requests, tasks[: len(tasks) // 4], "idle")
            with training_load(NICE):
                second = tasks[len(tasks) // 4 : len(tasks) // 2]
                measure(port, options.requests, second, f"training, nice {NICE}")
            with training_load(0):
                third = tasks[len(tasks) // 2 : 3 * len(tasks) // 4]
                measure(port, options.requests, third, "training, nice 0")
            with big_retrieval(port, tasks):
                measure(port, options.requests, [], "beside a large retrieval")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def measure(port: int, count: int, tasks: list[dict[str, Any]], title: str) -> None:
    print(title)
    setup = {"project": PROJECT, "schema": CONFIG, "hostname": "", "extra_params": None}
    report("/health", timed(count, lambda n: call(port, "GET", "/health")))
    report("/setup", timed(count, lambda n: call(port, "POST", "/setup", setup)))
    report("/webhook", timed(count, lambda n: call(port, "POST", "/webhook", correction(title, n))))
    if tasks:
        report(
            "/predict, one new task, one caller",
            timed(len(tasks), lambda n: call(port, "POST", "/predict", predict([tasks[n]])), 1),
        )


def timed(count: int, ask: Callable[[int], int], callers: int = CALLERS) -> tuple[list[float], int]:
    def one(number: int) -> tuple[float, int]:
        started = time.perf_counter()
        status = ask(number)
        ms = (time.perf_counter() - started) * 1000
        time.sleep(PAUSE_S)
        return ms, status

    with ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(one, range(count)))
    return [ms for ms, _ in answers], sum(status >= 300 for _, status in answers)


def report(name: str, result: tuple[list[float], int]) -> None:
    times, failed = result
    cells = "".join(f"{value:8.1f}" for value in (*np.percentile(times, (50, 95, 99)), max(times)))
    print(f"  {name:32}{len(times):6}{cells}{failed:8}", flush=True)


def call(port: int, method: str, path: str, body: object = None) -> int:
    return ask(port, method, path, body)[0]


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=110)
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def predict(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"tasks": tasks, "project": PROJECT, "label_config": CONFIG, "params": {}}


def correction(title: str, number: int) -> dict[str, Any]:
    """A webhook of the usual size, 30 KB, different each time."""
    rle = list(base64.b64encode(f"{title} {number}".encode()).ljust(8_000, b"="))
    value = {"format": "rle", "rle": rle, "brushlabels": ["garment"]}
    result = [{"type": "brushlabels", "from_name": "mask", "to_name": "image", "value": value}]
    return {
        "action": "ANNOTATION_CREATED",
        "annotation": {"id": number + 1, "result": result, "was_cancelled": False},
        "task": {"id": number + 1, "data": {"image": "/data/upload/1/x.jpg"}},
        "project": {"id": 1},
    }


def draw_photos(folder: Path, count: int) -> list[dict[str, Any]]:
    folder.mkdir(parents=True)
    tasks = []
    for number in range(count):
        photo = draw_scene(number, width=384, height=512).image
        name = f"garment{number}_Front.jpg"
        cv2.imwrite(str(folder / name), cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))
        url = f"/data/local-files/?d=photos/{name}"
        tasks.append({"id": number + 1, "data": {"image": url}, "predictions": []})
    return tasks


@contextmanager
def backend(home: Path, **more: str) -> Iterator[int]:
    port = pick_free_port()
    env = os.environ | {
        "HEMLINE_HOME": str(home),
        "PORT": str(port),
        "LOCAL_FILES_DOCUMENT_ROOT": str(home),
        "LOG_LEVEL": "WARNING",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        **more,
    }
    command = [sys.executable, "-c", "from hemline.cli import main; main()", "backend"]
    process = subprocess.Popen(command, env=env)
    try:
        wait_until(lambda: call(port, "GET", "/livez") == 200, 120)
        yield port
    finally:
        process.terminate()
        process.wait(40)


def wait_for_champion(port: int, seconds: float = 120) -> None:
    setup = {"project": PROJECT, "schema": CONFIG}
    wait_until(
        lambda: json.loads(ask(port, "POST", "/setup", setup)[1])["model_version"] is not None,
        seconds,
    )


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the backend did not come up")


@contextmanager
def training_load(nice: int) -> Iterator[None]:
    """A process a core that multiplies matrices, as a training does."""
    context = multiprocessing.get_context("spawn")
    crowd = [
        context.Process(target=burn, args=(nice,), daemon=True) for _ in range(os.cpu_count() or 1)
    ]
    for process in crowd:
        process.start()
    time.sleep(2)
    try:
        yield
    finally:
        for process in crowd:
            process.terminate()
            process.join()


def burn(nice: int) -> None:
    os.nice(nice)
    matrix = np.random.default_rng(0).random((512, 512))
    while True:
        matrix = matrix @ matrix / np.linalg.norm(matrix)


@contextmanager
def big_retrieval(port: int, tasks: list[dict[str, Any]]) -> Iterator[None]:
    """One request after the other with every task and old predictions: some 20 MB each."""
    old = {"model_version": "old", "result": [{"value": {"rle": [1, 22, 133] * 5_000}}]}
    many = [
        task | {"id": task["id"] + 10_000 * k, "predictions": [old] * 3}
        for k in range(-(-120 // len(tasks)))
        for task in tasks
    ]
    ending = threading.Event()

    def retrieve() -> None:
        while not ending.is_set():
            ask(port, "POST", "/predict", predict(many))

    thread = threading.Thread(target=retrieve, daemon=True)
    thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        ending.set()
        thread.join(110)


if __name__ == "__main__":
    main()
