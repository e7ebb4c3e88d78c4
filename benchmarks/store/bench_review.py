"""How long the review order takes with a million items: its pages, and one label edit.

    make bench-review
    HEMLINE_TEST_POSTGRES=postgresql://user@host/db make bench-review

On SQLite in a temporary folder, and on PostgreSQL where HEMLINE_TEST_POSTGRES names a server (a
database is made there and dropped). With --out PAGE it writes its part of that page. Exits with 1
if a bar is missed.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert, make_url, text

from benchmarks.results_page import write_part
from hemline.reasons import Evidence, Reason
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.review.review_order import (
    Cursor,
    ReviewFilter,
    count_reasons,
    item_of_task,
    review_page,
)
from hemline.store.review.verdicts import give_verdict
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Task
from hemline.store.tables.review import ReviewItem
from tests.plugins.databases import new_database

PAGE_BAR_MS = 50.0
EDIT_BAR_MS = 20.0
_CHUNK = 20_000
_TIMES = 50
_RARE = 0.0002  # share of items with the rarest reason: a filter that finds few
_SHARES = {
    Reason.BAD_GROUND_TRUTH: 0.04,
    Reason.LOW_CONTRAST: 0.01,
    Reason.LIMITED_DATA: 0.02,
    Reason.TOO_COMPLICATED: _RARE,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000, help="review items in the project")
    parser.add_argument("--out", type=Path, help="page that the part is written to")
    options = parser.parse_args()
    items: int = options.items
    missed = 0
    rows: list[str] = []
    print(f"{items:,} review items; milliseconds, median and largest of {_TIMES}")
    for name, databases in (("SQLite", _sqlite()), ("PostgreSQL", _postgresql())):
        with databases as url:
            if url is None:
                print(f"{name}: HEMLINE_TEST_POSTGRES names no server")
                continue
            store = Store(url)
            store.upgrade()
            project_id = _fill(store, items)
            missed += _measure(name, store, project_id, items, rows)
            store.dispose()
    if options.out is not None:
        head = f"## The review order with {items:,} items\n\n    make bench-review\n"
        table = ["| | | median, ms | largest, ms | |", "|---|---|---|---|---|", *rows]
        write_part(options.out, "bench-review", "\n".join([head, *table]))
    return 1 if missed else 0


def _measure(name: str, store: Store, project_id: int, items: int, lines: list[str]) -> int:
    """Prints a row for each operation and adds it to `lines`; how many bars were missed."""
    rng = random.Random(1)

    def first_page(only: ReviewFilter | None = None) -> None:
        with store.reading() as session:
            page = review_page(session, project_id, ReviewKind.LABEL, only=only)
        assert page.items

    def deep_page() -> None:
        with store.reading() as session:
            review_page(
                session, project_id, ReviewKind.LABEL, after=Cursor(rng.random(), items // 2)
            )

    def edit() -> None:
        task_id = rng.randint(1, items)
        with store.session() as session:
            write_item(
                session,
                RankedItem(
                    project_id,
                    task_id,
                    ReviewKind.LABEL,
                    rng.random(),
                    uuid4().hex * 2,
                    reasons=[Evidence(Reason.BAD_GROUND_TRUTH, 0.9, 95.0, "")],
                ),
            )

    def verdict() -> None:
        with store.session() as session:
            item = item_of_task(session, rng.randint(1, items), ReviewKind.LABEL)
            assert item is not None
            give_verdict(session, item.id, Verdict.BOTH_FINE, by="bench")

    def reasons() -> None:
        with store.reading() as session:
            count_reasons(session, project_id, ReviewKind.LABEL)

    rare = ReviewFilter(reason=Reason.TOO_COMPLICATED)
    rows: list[tuple[str, Callable[[], None], float | None, int]] = [
        ("first page of 50", first_page, PAGE_BAR_MS, _TIMES),
        ("a page deep in the order", deep_page, PAGE_BAR_MS, _TIMES),
        (
            "first page of a common reason",
            lambda: first_page(ReviewFilter(reason=Reason.BAD_GROUND_TRUTH)),
            PAGE_BAR_MS,
            _TIMES,
        ),
        ("first page of a rare reason", lambda: first_page(rare), PAGE_BAR_MS, _TIMES),
        ("one label edit, ranked again", edit, EDIT_BAR_MS, _TIMES),
        ("a verdict", verdict, EDIT_BAR_MS, _TIMES),
        ("all reasons counted", reasons, None, 3),
    ]
    missed = 0
    for what, call, bar, times in rows:
        median, largest = _timed(call, times)
        verdict_word = "" if bar is None else f"bar {bar:g}: {'met' if median < bar else 'MISSED'}"
        missed += bar is not None and median >= bar
        print(f"{name:11}{what:32}{median:9.2f}{largest:9.2f}  {verdict_word}")
        lines.append(f"| {name} | {what} | {median:.2f} | {largest:.2f} | {verdict_word} |")
    return missed


def _timed(call: Callable[[], None], times: int) -> tuple[float, float]:
    call()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(taken), max(taken)


def _fill(store: Store, items: int) -> int:
    rng = random.Random(0)
    begin = time.perf_counter()
    with store.session() as session:
        project_id = upsert_project(session, ls_project_id=1, title="Bench").id
    for start in range(1, items + 1, _CHUNK):
        numbers = range(start, min(items + 1, start + _CHUNK))
        with store.session() as session:
            session.execute(
                insert(Task),
                [
                    {
                        "id": number,
                        "project_id": project_id,
                        "ls_task_id": number,
                        "image_url": f"/{number}.jpg",
                        "is_labeled": True,
                    }
                    for number in numbers
                ],
            )
            session.execute(
                insert(ReviewItem),
                [
                    {
                        "project_id": project_id,
                        "task_id": number,
                        "kind": ReviewKind.LABEL,
                        "priority": rng.random(),
                        "content_digest": "a" * 64,
                        **{reason.value: rng.random() < share for reason, share in _SHARES.items()},
                    }
                    for number in numbers
                ],
            )
    with store.session() as session:
        session.execute(text("ANALYZE"))
    print(f"filled in {time.perf_counter() - begin:.0f} s")
    return project_id


@contextmanager
def _sqlite() -> Iterator[str | None]:
    with tempfile.TemporaryDirectory(prefix="hemline-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'hemline.db'}"


@contextmanager
def _postgresql() -> Iterator[str | None]:
    given = os.environ.get("HEMLINE_TEST_POSTGRES")
    if not given:
        yield None
        return
    server = make_url(given).set(drivername="postgresql+psycopg")
    yield from new_database(server, template="template1")


if __name__ == "__main__":
    sys.exit(main())
