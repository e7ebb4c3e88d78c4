"""What each operation on a whole project costs, from 1,000 tasks to 1,000,000.

    python -m benchmarks.store.bench_scale [--tasks 1000 10000 100000] [--print]

For each size it fills a store (SQLite in a temporary folder) with a drawn project, nine tenths of
it labelled, and times each operation: once to warm up and then a few times. Prints seconds of the
processor in a Markdown table, and how the cost grows from the smallest size to the largest: as the
power of the number of tasks, 1 is in proportion. Fails if an operation grows faster than n log n.
"""

import argparse
import contextlib
import io
import logging
import math
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog

from backend.app import KEY, create_app
from benchmarks.results_page import add_page_options, write_part
from benchmarks.store.bench_dashboard import PASSWORD, fill
from hemline.labelstudio.project.config import parse_label_config
from hemline.settings import Settings
from hemline.store.loop.jobs import get_job, list_jobs, queue_job
from hemline.store.loop.projects import get_project
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import Project
from worker.commands.inspect import status
from worker.ingest.reconcile import reconcile_project
from worker.review.rank_job import rank_project
from worker.services import Services, build_services

SIZES = (1_000, 10_000, 100_000)
TIMES = 3
SLACK = 1.25  # of n log n: caches that no longer fit, and what else the machine does
NOISE_S = 0.05  # below which a cost says more of the machine than of the tasks
PAGES = {
    "page: overview": "",
    "page: flagged images": "/flagged",
    "page: causes": "/causes",
    "page: annotators": "/annotators",
    "page: problems": "/problems",
    "page: export": "/exports",
    "page: activity": "/activity",
}
Costs = dict[str, float]


class NothingNew:
    """A Label Studio in which nothing has changed since: what is left is the store's part."""

    def __init__(self, project: Project, tasks: int) -> None:
        self._project, self._tasks = project, tasks

    def get_project(self, _: int) -> Mapping[str, Any]:
        told = {"id": self._project.ls_project_id, "title": self._project.title}
        return {**told, "label_config": self._project.label_config, "task_number": self._tasks}

    def iter_tasks(self, *_: object, **__: object) -> Iterator[Mapping[str, Any]]:
        return iter(())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, nargs="+", default=SIZES, help="sizes of the project")
    add_page_options(parser)
    options = parser.parse_args()
    sizes = sorted(options.tasks)
    costs = {size: cost(size) for size in sizes}
    table, over = tabulate(costs)
    print(table)
    if options.out is not None:
        write_part(options.out, "bench-scale", f"{HEAD}\n\n{table}")
    if over:
        sys.exit(f"faster than n log n: {', '.join(over)}")


HEAD = """## What each operation costs by the size of a project

`make bench-scale`: seconds of the processor on SQLite, the median of three, nine tenths of the
tasks labelled, pages answered in the same process. Growth: the power of the number of tasks from
the smallest size to the largest. Reconcile is the store's part when nothing has changed; a ranking
includes learning the project's risk."""


def cost(size: int) -> Costs:
    """Seconds that each operation takes on a project of that many tasks."""
    home = Path(tempfile.mkdtemp(prefix="hemline-scale-"))
    try:
        began = time.perf_counter()
        fill(home, size, "")
        print(f"{size} tasks were stored in {time.perf_counter() - began:.0f} s", flush=True)
        settings = Settings(home=home, database_url="", redis_url="", local_files_root=home)
        services = build_services(settings)
        costs = {**of_the_store(services, size), **of_pages(settings)}
        services.store.dispose()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for name, seconds in costs.items():
        print(f"  {name}: {seconds:.3f} s", flush=True)
    return costs


def of_the_store(services: Services, size: int) -> Costs:
    with services.store.session() as session:
        project = get_project(session, 1)
        assert project is not None
        for job in list_jobs(session):  # one is drawn as running
            job.state = JobState.DONE
    services = replace(services, client=NothingNew(project, size))  # type: ignore[arg-type]

    def snapshot() -> None:
        with services.store.session() as session:
            labels = parse_label_config(project.label_config).labels
            take_snapshot(session, services.artifacts, project.id, labels)

    def rank() -> None:
        with services.store.session() as session:
            job = queue_job(session, project.id, JobKind.RANK, {})
        rank_project(services, job.id)
        with services.store.reading() as session:
            done = get_job(session, job.id)
            assert done.state is JobState.DONE, done.problem

    return {
        "`hemline status`": median_of(lambda: show_status(services)),
        "reconcile": median_of(lambda: reconcile_project(services, project)),
        "snapshot": median_of(snapshot),
        "ranking": median_of(rank, times=1),
    }


def show_status(services: Services) -> None:
    """The command, with what it prints thrown away."""
    with (
        patch("worker.services.command_services", lambda: services),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        status()


def of_pages(settings: Settings) -> Costs:
    """Answered in this process: what the network and its queues add does not depend on the size."""
    app = create_app(settings)
    logging.getLogger().setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/dashboard/log-in").text)
    assert token is not None
    form = {"name": "bench", "password": PASSWORD, "csrf_token": token[1]}
    assert client.post("/dashboard/log-in", data=form).status_code == 303

    def page(path: str) -> None:
        answer = client.get(f"/dashboard/1{path}")
        assert answer.status_code == 200, f"{path} answered {answer.status_code}"

    try:
        return {name: median_of(partial(page, path)) for name, path in PAGES.items()}
    finally:
        app.extensions[KEY].stop()


def median_of(act: Callable[[], object], *, times: int = TIMES) -> float:
    """Seconds of the processor, which other work on the machine does not lengthen."""
    act()
    taken = []
    for _ in range(times):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def tabulate(costs: Mapping[int, Costs]) -> tuple[str, list[str]]:
    """The table, and the operations that grow faster than n log n."""
    sizes = list(costs)
    first, last = sizes[0], sizes[-1]
    lines = [
        "| operation | " + " | ".join(f"{size:,}" for size in sizes) + " | growth |",
        "|---|" + "--:|" * (len(sizes) + 1),
    ]
    over = []
    for name in costs[first]:
        seconds = [costs[size][name] for size in sizes]
        growth = ""
        if last > first:
            growth = f"{math.log(seconds[-1] / seconds[0]) / math.log(last / first):.2f}"
            allowed = last * math.log(last) / (first * math.log(first)) * SLACK
            if seconds[-1] > NOISE_S and seconds[-1] > allowed * seconds[0]:
                over.append(name)
        cells = " | ".join(f"{each:.3f}" for each in seconds)
        lines.append(f"| {name} | {cells} | {growth} |")
    return "\n".join(lines), over


if __name__ == "__main__":
    main()
