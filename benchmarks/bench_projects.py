"""Time from start to ready of a backend with many projects, and what they cost once it is ready.

    python -m benchmarks.bench_projects [--projects 300 1000] [--digests 1]

Fills an SQLite store with projects whose champion is the starter (or, with --digests N, one of N
copies of it that differ by a byte of their card), starts a real `hemline backend` on it, and asks
/readyz until it is ready, with a webhook every 50 ms beside it. Prints a table; asserts nothing.
"""

import argparse
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.bench_backend import CONFIG, backend, call, correction, wait_until
from hemline.segmentation.model_file import read_card
from hemline.segmentation.starter import starter_path
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.models import create_version, promote
from hemline.store.loop.projects import upsert_project

_READY_WITHIN_S = 600.0
_WEBHOOK_EVERY_S = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--projects", type=int, nargs="+", default=[300, 1000])
    options = parser.parse_args()
    print(f"{'projects':>8}{'ready, s':>10}{'webhooks':>10}{'p50, ms':>9}{'p99, ms':>9}{'failed':>8}")
    for count in options.projects:
        measure(count)


def measure(count: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="hemline-bench-"))
    try:
        fill(home, count)
        started = time.monotonic()
        with backend(home) as port, webhooks(port) as sent:
            wait_until(lambda: call(port, "GET", "/readyz") == 200, _READY_WITHIN_S)
            ready = time.monotonic() - started
        print(f"{count:8}{ready:10.1f}{sent.row()}", flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)
