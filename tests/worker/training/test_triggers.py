"""When a training starts by itself, also after one that failed."""

from datetime import timedelta

import pytest

from hemline.store.database.clock import database_now
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.runs import fail_run
from hemline.store.states import Split
from hemline.store.tables.loop import Project, TrainingRun
from worker.services import Services
from worker.training.triggers import train_on_corrections


def correct(services: Services, project: Project, tasks: range) -> None:
    splits = [Split.GOLD, Split.TRAIN]
    with services.store.session() as session:
        for number in tasks:
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=str(number),
                garment=f"g{number}",
                view="Front",
            )
            task.split = splits[number % 2]
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=number,
                mask_digest=f"{number:064x}",
            )


def fail(services: Services, run_id: int, *, ago: timedelta) -> None:
    with services.store.session() as session:
        assert fail_run(session, run_id, None, "given up", now=database_now(session) - ago)


def started(services: Services) -> int | None:
    request = train_on_corrections(services, 7)
    return request.run_id if request is not None else None


@pytest.fixture
def failed_run(services: Services, project: Project) -> int:
    """A run of 14 corrections, of which 12 start one, that has just failed."""
    correct(services, project, range(1, 15))
    run_id = started(services)
    assert run_id is not None
    fail(services, run_id, ago=timedelta(0))
    return run_id


def test_after_a_failure_it_rests_for_longer_each_time(services: Services, failed_run: int) -> None:
    run_id = failed_run
    for minutes in (10, 20, 40):
        for ago, starts in ((minutes - 1, False), (minutes + 1, True)):
            with services.store.session() as session:
                row = session.get(TrainingRun, run_id)
                assert row is not None
                row.finished_at = database_now(session) - timedelta(minutes=ago)
            again = started(services)
            assert (again is not None) == starts
        assert again is not None
        run_id = again
        fail(services, run_id, ago=timedelta(0))


def test_as_many_new_corrections_as_start_a_run_start_one_at_once(
    services: Services, project: Project, failed_run: int
) -> None:
    correct(services, project, range(15, 26))
    assert started(services) is None
    correct(services, project, range(26, 27))
    assert started(services) is not None
