"""What killed processes leave behind is removed by the schedule."""

import os
import time
from pathlib import Path

from sqlalchemy import select

from hemline.store.database.columns import utcnow
from hemline.store.log_in_limits import WINDOW, take_attempt
from hemline.store.models.runs import fail_run, queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import Project
from hemline.store.tables.review import LogInCount
from worker.app import app
from worker.services import Services
from worker.tasks import tidy as tidy_task
from worker.tidy import tidy
from worker.training.supervise import run_folder


def test_all_that_the_schedule_names_is_a_task() -> None:
    assert tidy_task.name in {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_a_file_left_in_mid_write_goes_after_a_day(services: Services) -> None:
    artifact = services.artifacts.local_path(services.artifacts.put(b"mask", "mask"))
    left, young = (artifact.parent / f".{artifact.name}.{end}" for end in ("abcd1234", "efgh5678"))
    left.write_bytes(b"ma")
    young.write_bytes(b"ma")
    long_ago = time.time() - 2 * 24 * 3600
    for path in (left, artifact):
        os.utime(path, (long_ago, long_ago))
    tidy(services)
    assert sorted(Path(artifact.parent).iterdir()) == sorted([artifact, young])


def test_counts_of_log_ins_go_when_their_time_has_passed(services: Services) -> None:
    with services.store.session() as session:
        take_attempt(session, "ada", "10.0.0.1", now=utcnow() - WINDOW)
    tidy(services)
    with services.store.reading() as session:
        assert not session.scalars(select(LogInCount)).all()


def test_what_a_training_worked_with_goes_once_it_is_over(
    services: Services, project: Project
) -> None:
    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, project.id, ["garment"])
        run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
    assert run is not None
    folder = run_folder(services.settings, run.id)
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "checkpoint").write_bytes(b"weights")
    (folder / "log").write_text("epoch 1")
    tidy(services)
    assert (folder / "work").exists()
    with services.store.session() as session:
        fail_run(session, run.id, None, "given up")
    tidy(services)
    assert [path.name for path in folder.iterdir()] == ["log"]
