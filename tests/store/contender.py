"""A process that contends for rows, again and again: told what to do, it waits for the word.

It reads a line of JSON, [target, action, arguments], says it is ready, reads a line, acts, and
prints the result as a line of JSON; until its input ends.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hemline.store.database import artifacts as artifact_store
from hemline.store.database.engine import Store
from hemline.store.loop import annotations, deliveries, jobs, projects, splits, tasks, ticks
from hemline.store.loop.predictions import claim_send, save_prediction
from hemline.store.models import card_claims, models, runs
from hemline.store.states import JobKind, RunTrigger
from tests import deliveries as one_by_one


def main() -> None:
    while line := sys.stdin.readline():
        target, action, arguments = json.loads(line)
        act = globals()[action]
        _say("ready")
        sys.stdin.readline()
        _say(json.dumps(act(target, *arguments)))


@contextmanager
def _open(url: str) -> Iterator[Store]:
    store = Store(url)
    try:
        yield store
    finally:
        store.dispose()


def claim(url: str, prediction_id: int) -> bool:
    with _open(url) as store, store.session() as session:
        return claim_send(session, prediction_id, window_s=60)


def acquire(url: str, run_id: int, owner: str) -> bool:
    with _open(url) as store, store.session() as session:
        return runs.acquire_run(session, run_id, owner, 60)


def claim_card(url: str, card: str, owner: str) -> bool:
    with _open(url) as store, store.session() as session:
        return card_claims.claim_card(session, card, owner, 60)


def take_tick(url: str, name: str) -> bool:
    with _open(url) as store, store.session() as session:
        return ticks.take_tick(session, name, 60)


def acquire_job(url: str, job_id: int, owner: str) -> bool:
    with _open(url) as store, store.session() as session:
        return jobs.acquire_job(session, job_id, owner, 60)


def queue_run(url: str, project_id: int, snapshot_id: int) -> bool:
    with _open(url) as store, store.session() as session:
        return runs.queue_run(session, project_id, snapshot_id, RunTrigger.CORRECTIONS) is not None


def queue_job(url: str, project_id: int) -> int:
    with _open(url) as store, store.session() as session:
        return jobs.queue_job(session, project_id, JobKind.PREDICT_POOL, {"version": 1}).id


def record_delivery(url: str, digest: str) -> bool:
    with _open(url) as store, store.session() as session:
        number = one_by_one.record_delivery(
            session, digest=digest, action="ANNOTATION_CREATED", ls_project_id=7, payload={"id": 1}
        )
        return number is not None


def take_deliveries(url: str) -> list[int]:
    """Takes one at a time until none is left, as workers do."""
    taken: list[int] = []
    with _open(url) as store:
        while True:
            with store.session() as session:
                batch = deliveries.next_deliveries(session, 1, max_attempts=3)
            if not batch:
                return taken
            taken += [delivery.id for delivery in batch]


def split(url: str, *task_ids: int) -> list[str]:
    """The splits of the tasks, each in a transaction that also writes to its task, as ingest's."""
    given: list[str] = []
    with _open(url) as store:
        for task_id in task_ids:
            with store.session() as session:
                tasks.record_photo(session, task_id, "f" * 64, 10, 20)
                given.append(
                    splits.assign_split(session, task_id, gold_share=0.2, validation_share=0.1)
                )
    return given


def promote(url: str, *version_ids: int) -> int:
    for version_id in version_ids:
        with _open(url) as store, store.session() as session:
            models.promote(session, version_id)
    return len(version_ids)


def create_version(url: str, project_id: int) -> int:
    with _open(url) as store, store.session() as session:
        return models.create_version(
            session,
            project_id,
            recipe={},
            labels=["Garment"],
            weights_digest="a" * 64,
            code_version="0",
        ).number


def save(url: str, task_id: int, version_id: int, mask_digest: str) -> str:
    with _open(url) as store, store.session() as session:
        return save_prediction(
            session,
            task_id=task_id,
            model_version_id=version_id,
            image_digest="e" * 64,
            mask_digest=mask_digest,
            score=0.5,
            region_scores={},
        ).mask_digest


def annotate(url: str, project_id: int, task_id: int, mask_digest: str) -> int:
    with _open(url) as store, store.session() as session:
        return annotations.record_annotation(
            session,
            project_id=project_id,
            task_id=task_id,
            ls_annotation_id=1,
            mask_digest=mask_digest,
        ).id


def hang_in_transaction(url: str) -> None:
    """Writes a project and its tasks, then stays there, before the commit."""
    with _open(url) as store, store.session() as session:
        project = projects.upsert_project(session, ls_project_id=99, title="half done")
        for number in range(200):
            tasks.upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={"image": "x" * 1000},
                image_url="x",
                garment="D1",
                view="Front",
            )
        session.flush()
        _say("hanging")
        time.sleep(600)


def write_in_a_fork(url: str) -> dict[str, int]:
    """Connections of the parent that the child is left with, and the child's exit status."""
    with _open(url) as store:
        with store.reading() as session:
            projects.list_projects(session)  # its connection goes back to the pool
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            left = store._engine.pool.checkedin()  # type: ignore[attr-defined]
            os.write(send, bytes([left]))
            with store.session() as session:
                projects.upsert_project(session, ls_project_id=8)
            os._exit(0)
        with store.session() as session:
            projects.upsert_project(session, ls_project_id=9)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return {"left": os.read(receive, 1)[0], "exit": status}


def put(root: str, size: int, times: int) -> list[str]:
    store = artifact_store.ArtifactStore(root)
    return [store.put(bytes([number % 256]) * size, "mask") for number in range(times)]


def hang_before_rename(root: str) -> None:
    def hang(*_: Any) -> None:
        _say("hanging")
        time.sleep(600)

    os.replace = hang  # type: ignore[assignment]
    artifact_store.ArtifactStore(root).put(b"weights" * 1000, "weights")


def hang_in_write(root: str) -> None:
    def hang(*_: Any) -> None:
        _say("hanging")
        time.sleep(600)

    os.fsync = hang  # type: ignore[assignment]
    artifact_store.ArtifactStore(root).put(b"weights" * 1000, "weights")


def put_for_ever(root: str) -> None:
    store = artifact_store.ArtifactStore(root)
    number = 0
    _say("hanging")
    while Path(root).parent.exists():  # not for ever after all, if the test is gone
        number += 1
        store.put(number.to_bytes(4, "big") * 100_000, "mask")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
