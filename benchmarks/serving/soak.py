"""Whether memory and open files stay flat under load that lasts.

    python -m benchmarks.serving.soak [--seconds 600] [--rate 200] [--people-seconds 1800]

First corrections come in as webhooks at a steady rate; then annotators open tasks with time to
think between, beside a training that is begun again when it is over. Each part has a backend and a
worker of its own, all on this machine. Prints and writes tables; asserts nothing.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.results_page import add_page_options, write_part
from benchmarks.serving import bench_webhooks
from benchmarks.serving.process_samples import ProcessSampler, growth_rows
from benchmarks.serving.webhook_stage import FIRST_OPENED, WebhookStage
from hemline.store.loop.projects import known_project
from hemline.store.models.runs import active_run
from hemline.store.states import DeliveryState, RunTrigger
from hemline.system.child_process import ChildProcess
from worker.training.triggers import request_training

# Of each, its first process: what gunicorn and Celery call themselves.
_BACKEND = {"backend": "[hemline-backend]"}
_WORKERS = {
    "worker, ingest and housekeeping": "--queues ingest,housekeeping --pool",
    "worker, predict": "--queues predict --pool",
}
_TRAINING = "a training"  # each is a process of its own, which grows and ends
_TRAINER = {"worker, train": "--queues train --pool", _TRAINING: "worker.training.process"}
_SAVES = 6  # of each task
_CORRECTED = 60  # that is trained on
_LOOK_S = 1.0
_TAKEN_IN_WITHIN_S = 600.0
_TRAIN = [
    *(sys.executable, "-c", "from hemline.cli import main; main()"),
    *("worker", "--no-beat", "--queues", "train"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="of webhooks; 0: none")
    parser.add_argument("--rate", type=float, default=200.0, help="webhooks a second")
    parser.add_argument(
        "--people-seconds", type=float, default=1800.0, help="of annotators; 0: none"
    )
    parser.add_argument("--annotators", type=int, default=50)
    parser.add_argument("--every", type=float, default=20.0, help="seconds from task to task")
    parser.add_argument("--sample-every", type=float, default=5.0, help="seconds")
    parser.add_argument("--database", default="", help="DATABASE_URL; default SQLite")
    add_page_options(parser)
    options = parser.parse_args()
    parts = []
    if options.seconds:
        parts.append(_webhooks(options))
        print(parts[-1], flush=True)
    if options.people_seconds:
        parts.append(_annotators(options))
        print(parts[-1], flush=True)
    if options.out is not None:
        database = "PostgreSQL" if options.database else "SQLite"
        begin = (
            "## Memory and open files under load that lasts\n\n`make soak`, a machine of "
            f"{os.cpu_count()} cores with {database}, backend, worker and whoever asks. Each row "
            "is of a process and its children, from when a quarter of the time was over; the "
            f"slope is of a straight line through samples {options.sample_every:g} s apart."
        )
        write_part(options.out, "soak", "\n\n".join([begin, *parts]))


def _webhooks(options: argparse.Namespace) -> str:
    """The part of webhooks alone."""
    corrected = max(_CORRECTED, int(options.rate * options.seconds / _SAVES))
    with (
        _stage(options, corrected=corrected, opened=0) as (stage, port),
        ProcessSampler(_BACKEND | _WORKERS, options.sample_every) as sampler,
    ):
        answers, words = bench_webhooks._webhooks(stage, port, options.seconds, options.rate)
    title = f"{options.rate:g} webhooks a second for {options.seconds:g} s: {words}."
    return _table(title, "webhooks", answers, sampler)


def _annotators(options: argparse.Namespace) -> str:
    """The part of annotators beside trainings."""
    options = argparse.Namespace(**vars(options) | {"seconds": options.people_seconds})
    opened = int(options.annotators * (options.seconds / options.every + 2))
    with _stage(options, corrected=_CORRECTED, opened=opened) as (stage, port):
        for number in range(_CORRECTED):
            stage.send_correction(port, number)
        _wait_for_corrections(stage)
        trainer = ChildProcess("trainer", _TRAIN, env=os.environ)
        trainer.start()
        ended = threading.Event()
        trainings = threading.Thread(target=_keep_training, args=(stage, ended))
        trainings.start()
        try:
            with ProcessSampler(_BACKEND | _WORKERS | _TRAINER, options.sample_every) as sampler:
                answers = bench_webhooks._openings(stage, port, options, count(FIRST_OPENED))
        finally:
            ended.set()
            trainings.join()
            trainer.stop(grace_s=15)
    title = (
        f"{options.annotators} annotators, a task each every {options.every:g} s, for "
        f"{options.seconds:g} s beside trainings."
    )
    return _table(title, "openings", answers, sampler)


@contextmanager
def _stage(
    options: argparse.Namespace, *, corrected: int, opened: int
) -> Iterator[tuple[WebhookStage, int]]:
    home = Path(tempfile.mkdtemp(prefix="hemline-soak-"))
    try:
        stage = WebhookStage(
            home, corrected=corrected, opened=opened, pool=0, database_url=options.database
        )
        with stage.running() as port:
            yield stage, port
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _wait_for_corrections(stage: WebhookStage) -> None:
    until = time.monotonic() + _TAKEN_IN_WITHIN_S
    while stage.deliveries(DeliveryState.NEW):
        if time.monotonic() > until:
            raise SystemExit("the worker did not take in the corrections; see its log")
        time.sleep(_LOOK_S)


def _keep_training(stage: WebhookStage, ended: threading.Event) -> None:
    """Asks for a training whenever none is queued or running."""
    with stage.services.store.reading() as session:
        project = known_project(session, 1)
    while not ended.is_set():
        with stage.services.store.reading() as session:
            is_free = active_run(session, project.id) is None
        if is_free:
            print(request_training(stage.services, 1, RunTrigger.COMMAND).sentence, flush=True)
        ended.wait(_LOOK_S)


def _table(
    title: str, asked: str, answers: bench_webhooks.LoadAnswers, sampler: ProcessSampler
) -> str:
    return "\n".join(
        [
            title,
            "",
            "| | asked | well answered | p50 ms | p95 ms | p99 ms |",
            "|---|--:|--:|--:|--:|--:|",
            f"| {asked} | {answers.cells()} |",
            "",
            "| | processes | MiB, settled | at the end | MiB an hour | files, settled | "
            "at the end | files an hour |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
            *growth_rows(
                {name: found for name, found in sampler.samples.items() if name != _TRAINING}
            ),
        ]
    )


if __name__ == "__main__":
    main()
