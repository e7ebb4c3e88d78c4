"""Answer times of the dashboard's pages with 100,000 images in the store.

    python -m benchmarks.store.bench_dashboard [--tasks 100000] [--requests 40] [--database URL]

Fills a store (SQLite in a temporary folder, or an empty database of that URL) with a drawn project,
serves it with a real `hemline backend`, and asks for every page: the gallery's first, its 1,000th
by its key and one with each filter, one image, and thumbnails that are cached and that are not.
Prints a Markdown table of milliseconds and fails when a page or a cached thumbnail misses its bar.
"""

import argparse
import http.client
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from backend.dashboard.login.passwords import hash_password
from benchmarks.serving.bench_backend import backend
from hemline.segmentation.starter import starter_path
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import get_project
from hemline.store.models.models import champion
from hemline.store.people import add_person
from hemline.store.review.review_order import Cursor, review_page
from hemline.store.states import ReviewKind, Role
from tests.backend.dashboard.studio_project import fill_project

PASSWORD = "for the benchmark"
GALLERY_BAR_MS, PAGE_BAR_MS, THUMBNAIL_BAR_MS = 200.0, 500.0, 30.0  # at p95
PAGE_SIZE = 60
PAGES = {
    "Overview": "",
    "Overview of an earlier version": "?version=1",
    "Running now": "/running",
    "Causes": "/causes",
    "Models": "/models",
    "One model": "/models/3",
    "Annotators": "/annotators",
    "Problems": "/problems",
    "Export": "/exports",
    "What people changed": "/activity",
}
FILTERS = (
    "reason=bad_ground_truth",
    "reason=low_contrast",
    "reason=too_complicated",
    "view=Back",
    "type=dress",
    "session=day+1",
    "session=day+125",
    "garment=g00007",
    "annotator=ada@studio.example",
    "version=1",
    "version=3",
    "state=closed",
    "state=all",
    "verdict=label_wrong",
    "view=Nowhere",
    "reason=limited_data&view=Back&type=skirt&version=2",
    "label=garment",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=100_000, help="images in the store")
    parser.add_argument("--requests", type=int, default=40, help="requests a row")
    parser.add_argument("--database", default="", help="URL of an empty database; default SQLite")
    parser.add_argument("--keep", type=Path, help="fill and leave the project in this folder")
    options = parser.parse_args()
    home = options.keep or Path(tempfile.mkdtemp(prefix="hemline-bench-"))
    try:
        began = time.perf_counter()
        deep = fill(home, options.tasks, options.database)
        print(f"{options.tasks} images were stored in {time.perf_counter() - began:.0f} s\n")
        environment = {"LOCAL_FILES_DOCUMENT_ROOT": str(home / "files")}
        if options.database:
            environment["DATABASE_URL"] = options.database
        with backend(home, **environment) as port:
            missed = measure(Visitor(port), options.requests, deep)
    finally:
        if options.keep is None:
            shutil.rmtree(home, ignore_errors=True)
    if missed:
        sys.exit(f"over the bar at p95: {', '.join(missed)}")


def fill(home: Path, tasks: int, database: str) -> Cursor | None:
    """Fills the store; where page 1,000 of the labels begins, or the last page there is."""
    settings = Settings(home=home, database_url=database, redis_url="")
    store = Store(settings.database)
    store.upgrade()
    artifacts = ArtifactStore(settings.artifacts)
    made = fill_project(
        store,
        artifacts,
        tasks=tasks,
        photos=home / "files" / "photos",
        labelled=0.9,
        height=900,
        width=600,
    )
    with store.session() as session:
        add_person(session, "bench", hash_password(PASSWORD), Role.REVIEWER)
        version = champion(session, made.id)
        assert version is not None
        version.weights_digest = artifacts.put(starter_path().read_bytes(), "weights")
    with store.reading() as session:
        project = get_project(session, 1)
        assert project is not None
        after: Cursor | None = None
        for _ in range(999 * PAGE_SIZE // 1000):
            page = review_page(session, project.id, ReviewKind.LABEL, after=after, limit=1000)
            if page.after is None:
                break
            after = page.after
            session.expunge_all()
    store.dispose()
    return after


def measure(visitor: "Visitor", requests: int, deep: Cursor | None) -> list[str]:
    """Prints a row each; returns the rows over their bar."""
    print("| Page, milliseconds | n | p50 | p95 | max | bar at p95 |")
    print("|---|--:|--:|--:|--:|--:|")
    missed = []

    def row(title: str, ask: Callable[[int], object], bar: float | None, count: int) -> None:
        began = time.perf_counter()
        ask(-1)  # what is kept for a moment is asked for once
        first = (time.perf_counter() - began) * 1000
        times = []
        for number in range(count):
            began = time.perf_counter()
            ask(number)
            times.append((time.perf_counter() - began) * 1000)
        times.sort()
        p95 = times[min(len(times) - 1, round(0.95 * (len(times) - 1)))]
        over = bar is not None and p95 > bar
        missed.extend([title] if over else [])
        shown = f"{bar:.0f}{' **missed**' if over else ''}" if bar is not None else ""
        middle, most = times[len(times) // 2], max(first, times[-1])
        print(
            f"| {title} | {count} | {middle:.1f} | {p95:.1f} | {most:.1f} | {shown} |", flush=True
        )

    for title, path in PAGES.items():
        row(title, partial(visitor.page, f"/dashboard/1{path}"), PAGE_BAR_MS, requests)
    flagged = "/dashboard/1/flagged"
    pages = {"gallery, page 1": flagged, "gallery of photos, page 1": f"{flagged}?order=photos"}
    if deep is not None:
        pages["gallery, page 1,000"] = f"{flagged}?after={deep}"
        pages["gallery, the page before page 1,000"] = f"{flagged}?before={deep}"
    pages |= {f"gallery, `{query}`": f"{flagged}?{query}" for query in FILTERS}
    for title, path in pages.items():
        row(title, partial(visitor.page, path), GALLERY_BAR_MS, requests)
    text = visitor.page(flagged)
    tasks = re.findall(r'class="shot" href="([^"]+)"', text)
    row("One image", lambda n: visitor.page(tasks[n % len(tasks)]), GALLERY_BAR_MS, requests)
    shots = [shot.replace("&amp;", "&") for shot in re.findall(r'<img src="([^"]+)"', text)]
    row("Thumbnail, made", lambda n: visitor.picture(shots[n]), None, 5)
    for shot in shots:
        visitor.picture(shot)
    row(
        "Thumbnail, cached",
        lambda n: visitor.picture(shots[n % len(shots)]),
        THUMBNAIL_BAR_MS,
        5 * requests,
    )
    return missed


class Visitor:
    """A browser that has logged in; its connection stays open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._cookie = ""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page("/dashboard/log-in"))
        assert token is not None
        form = {"name": "bench", "password": PASSWORD, "csrf_token": token[1]}
        status, _ = self._ask("POST", "/dashboard/log-in", urlencode(form))
        assert status == 303, "the login failed"

    def page(self, path: str, _number: int = 0) -> str:
        status, data = self._ask("GET", path)
        assert status == 200, f"{path} answered {status}"
        return data.decode()

    def picture(self, path: str) -> None:
        status, data = self._ask("GET", path)
        assert status == 200, f"{path} answered {status}"
        assert data[:2] == b"\xff\xd8", data[:300]

    def _ask(self, method: str, path: str, body: str = "") -> tuple[int, bytes]:
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, path.replace("&amp;", "&"), body or None, headers)
        answer = self._connection.getresponse()
        cookie = answer.headers.get("Set-Cookie", "")
        if cookie:
            self._cookie = cookie.partition(";")[0]
        return answer.status, answer.read()


if __name__ == "__main__":
    main()
