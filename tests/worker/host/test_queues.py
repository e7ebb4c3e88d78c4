"""Which queue each kind of work goes to, and that somebody works on every queue."""

from dataclasses import replace

import pytest

from hemline.settings import Settings
from hemline.store.loop.jobs import queue_job
from hemline.store.states import JobKind
from hemline.store.tables.loop import Project
from hemline.system.queue import QUEUES
from worker import tasks
from worker.app import app
from worker.host.processes import _processes
from worker.host.supervisor import Kept
from worker.services import Services
from worker.sweep import sweep_once


def queues_of(kept: Kept) -> list[str]:
    command = kept.process._command
    return command[command.index("--queues") + 1].split(",") if "--queues" in command else []


def test_every_task_goes_to_a_queue_that_is_worked_on() -> None:
    ours = {name for name in app.tasks if name.startswith("worker.")}
    assert tasks.export.name in ours
    assert {app.conf.task_routes[name]["queue"] for name in ours} == set(QUEUES)


def test_every_queue_has_a_process_and_exports_share_theirs_with_nothing(
    settings: Settings,
) -> None:
    processes = [queues_of(kept) for kept in _processes(settings, QUEUES, beat=False)]
    assert sorted(name for names in processes for name in names) == sorted(QUEUES)
    assert ["export"] in processes
    only = [queues_of(kept) for kept in _processes(settings, ["export"], beat=False)]
    assert only == [["export"]]


class Broker:
    """Takes what is sent, and has queues in which something waits."""

    def __init__(self, *full: str) -> None:
        self.full = full
        self.sent: list[tuple[str, object]] = []

    def waiting(self, queue: str) -> int:
        return int(queue in self.full)

    def send(self, task: str, *args: object, queue: str) -> bool:
        self.sent.append((task, queue))
        return True


@pytest.mark.parametrize(
    ("full", "sent"),
    [
        ((), [("worker.export", "export"), ("worker.predict_pool", "predict")]),
        (("export",), [("worker.predict_pool", "predict")]),
        (("predict",), [("worker.export", "export")]),
    ],
)
def test_the_sweep_sends_a_lost_export_to_its_own_queue(
    services: Services, project: Project, full: tuple[str, ...], sent: list[tuple[str, str]]
) -> None:
    with services.store.session() as session:
        queue_job(session, project.id, JobKind.EXPORT, {})
        queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    broker = Broker(*full)
    sweep_once(replace(services, sender=broker))  # type: ignore[arg-type]
    assert broker.sent == sent
