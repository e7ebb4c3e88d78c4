"""Webhooks at a steady rate, how fast they are taken in, and how long annotators wait for a mask.

    python -m benchmarks.serving.bench_webhooks [--seconds 60] [--rate 200] [--annotators 50]

Starts a real `hemline backend` and `hemline worker` beside a Label Studio of the tests, all on this
machine. Corrections of tasks with a pre-fill are sent, each over a connection of its own. Once all
are taken in, annotators open tasks, alone and then beside the prediction of a pool. Prints and
writes tables; asserts nothing.
"""

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.results_page import add_page_options, write_part
from benchmarks.serving.bench_backend import ask, predict
from benchmarks.serving.webhook_stage import FIRST_OPENED, WebhookStage
from hemline.store.states import DeliveryState

_SENDERS = 64
_TAKEN_IN_WITHIN_S = 3600.0
_SAVES = 6  # of each task
_FEWEST = 20
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class LoadAnswers:
    """Seconds that each request was answered after, and whether it was answered well."""

    seconds: list[float]
    good: list[bool]

    def cells(self) -> str:
        p50, p95, p99 = 1000 * np.percentile(self.seconds or [np.nan], (50, 95, 99))
        share = 100 * sum(self.good) / max(1, len(self.good))
        return f"{len(self.good):,} | {share:.1f} % | {p50:,.0f} | {p95:,.0f} | {p99:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the three parts")
    parser.add_argument("--rate", type=float, default=200.0, help="webhooks a second")
    parser.add_argument("--annotators", type=int, default=50)
    parser.add_argument("--every", type=float, default=20.0, help="seconds from task to task")
    parser.add_argument("--pool", type=int, default=1000, help="tasks that the worker predicts")
    parser.add_argument("--database", default="", help="DATABASE_URL; default SQLite")
    add_page_options(parser)
    options = parser.parse_args()
    opened = int(2 * options.annotators * (options.seconds / options.every + 2))
    home = Path(tempfile.mkdtemp(prefix="hemline-bench-"))
    try:
        stage = WebhookStage(
            home,
            corrected=max(_FEWEST, int(options.rate * options.seconds / _SAVES)),
            opened=opened,
            pool=options.pool,
            database_url=options.database,
        )
        with stage.running() as port:
            sent, taken_in = _webhooks(stage, port, options.seconds, options.rate)
            _say(f"webhooks: {sent.cells()}; {taken_in}")
            tasks = count(FIRST_OPENED)
            alone = _openings(stage, port, options, tasks)
            _say(f"openings: {alone.cells()}")
            stage.predict_pool()
            beside = _openings(stage, port, options, tasks)
            _say(f"openings beside a pool: {beside.cells()}")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if options.out is not None:
        name = f"webhooks on {_database(options)}"
        write_part(options.out, name, _part(options, sent, taken_in, alone, beside))


def _webhooks(
    stage: WebhookStage, port: int, seconds: float, rate: float
) -> tuple[LoadAnswers, str]:
    """Answers, from when each was due; and how fast they were taken in, in words."""
    numbers, taking = count(), threading.Lock()
    answers = LoadAnswers([], [])
    before = stage.deliveries(DeliveryState.DONE)
    began = time.monotonic()

    def send() -> None:
        while True:
            with taking:
                number = next(numbers)
            due = began + number / rate
            if due >= began + seconds:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            status = stage.send_correction(port, number)
            answers.seconds.append(time.monotonic() - due)
            answers.good.append(status == 201)

    with ThreadPoolExecutor(_SENDERS) as pool:
        for _ in range(_SENDERS):
            pool.submit(send)
        pool.shutdown()
    sending_s = time.monotonic() - began
    meanwhile = stage.deliveries(DeliveryState.DONE) - before
    while stage.deliveries(DeliveryState.NEW):
        if time.monotonic() - began > _TAKEN_IN_WITHIN_S:
            raise SystemExit("the worker did not take in what was sent; see its log")
        time.sleep(_LOOK_S)
    all_s = time.monotonic() - began
    done = stage.deliveries(DeliveryState.DONE) - before
    failed = stage.deliveries(DeliveryState.FAILED)
    after_s = max(all_s - sending_s, _LOOK_S)
    words = (
        f"sent at {len(answers.good) / sending_s:.0f} a second; taken in at "
        f"{meanwhile / sending_s:.0f} a second meanwhile, {(done - meanwhile) / after_s:.0f} "
        f"afterwards, {done / all_s:.0f} over all; {failed} failed"
    )
    return answers, words


def _openings(
    stage: WebhookStage, port: int, options: argparse.Namespace, tasks: "count[int]"
) -> LoadAnswers:
    """Whether each opening got a mask. Who waits for one opens the next task later."""
    taking = threading.Lock()
    answers = LoadAnswers([], [])
    end = time.monotonic() + options.seconds

    def annotate(number: int) -> None:
        due = time.monotonic() + Random(number).uniform(0, options.every)
        while due < end:
            time.sleep(max(0.0, due - time.monotonic()))
            with taking:
                task = stage.tasks[next(tasks)]
            asked = time.monotonic()
            status, body = ask(port, "POST", "/predict", predict([task]))
            answers.seconds.append(time.monotonic() - asked)
            answers.good.append(status == 200 and "result" in json.loads(body)["results"][0])
            due = max(due + options.every, time.monotonic())

    with ThreadPoolExecutor(options.annotators) as pool:
        list(pool.map(annotate, range(options.annotators)))
    return answers


def _part(
    options: argparse.Namespace,
    sent: LoadAnswers,
    taken_in: str,
    alone: LoadAnswers,
    beside: LoadAnswers,
) -> str:
    people = f"{options.annotators} annotators, a task each every {options.every:g} s"
    database = _database(options)
    return "\n".join(
        [
            f"### On {database}",
            "",
            f"{options.rate:g} webhooks a second for {options.seconds:g} s, then {people}, for as",
            "long, alone and beside the prediction of a pool. Backend, worker, database and",
            f"whoever sends share {os.cpu_count()} cores. Milliseconds; a webhook's are counted",
            "from when it was due. Well answered: stored, or a mask.",
            "",
            "| | asked | well answered | p50 | p95 | p99 |",
            "|---|--:|--:|--:|--:|--:|",
            f"| webhooks | {sent.cells()} |",
            f"| openings | {alone.cells()} |",
            f"| openings beside a pool | {beside.cells()} |",
            "",
            f"Webhooks were {taken_in}.",
        ]
    )


def _database(options: argparse.Namespace) -> str:
    return "PostgreSQL" if options.database else "SQLite"


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
