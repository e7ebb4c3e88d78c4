"""The whole worker as real processes: what it does by itself, and what it survives."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from hemline.settings import get_settings
from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.jobs import list_jobs
from hemline.store.models.models import champion as find_champion
from hemline.store.models.runs import last_run
from hemline.store.states import DeliveryState, JobState, RunState
from hemline.store.tables.loop import ModelVersion, Project, TrainingRun
from hemline.system.child_process import ChildProcess
from hemline.system.ports import pick_free_port
from tests.worker.conftest import brush
from tests.worker.discs import disc, write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.worker_host import WorkerHost, lives
from worker.host.embedded_redis import redis_server
from worker.ingest.reconcile import reconcile_all
from worker.services import Services
from worker.training.supervise import run_folder

Deliver = Callable[[dict[str, Any]], None]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], WorkerHost]]:
    """Starts hosts; each is ended after the test."""
    hosts: list[WorkerHost] = []

    def start() -> WorkerHost:
        hosts.append(WorkerHost(tmp_path / "worker.log"))
        return hosts[-1]

    yield start
    for host in hosts:
        host.clean_up()


def wait_for(condition: Callable[[], object], *, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.1)


def correct(fake: FakeLabelStudio, deliver: Deliver, tasks: range) -> None:
    for number in tasks:
        saved = fake.annotate(number, brush(disc(number - 1)[1]))
        deliver(fake.payload("ANNOTATION_CREATED", saved))


def done(services: Services) -> int:
    with services.store.reading() as session:
        return count_by_state(session)[DeliveryState.DONE]


def newest_run(services: Services, project: Project) -> TrainingRun | None:
    with services.store.reading() as session:
        return last_run(session, project.id)


def epoch(services: Services, project: Project) -> int:
    run = newest_run(services, project)
    return run.epoch if run else 0


def finished(services: Services, project: Project) -> bool:
    run = newest_run(services, project)
    return run is not None and run.state in (RunState.SUCCEEDED, RunState.FAILED)


def job_states(services: Services) -> list[JobState]:
    with services.store.reading() as session:
        return [job.state for job in list_jobs(session)]


class _Watch:
    """How many trainings ever ran at the same time."""

    def __init__(self, trainings: Callable[[], list[psutil.Process]]) -> None:
        self.most = 0
        self._trainings = trainings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.05):
            self.most = max(self.most, len(self._trainings()))


def test_the_loop_runs_by_itself_and_leaves_nothing_behind(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    start: Callable[[], WorkerHost],
    tmp_path: Path,
) -> None:
    """Corrections in, a better model out, the rest of the pool predicted with it."""
    write_recipe(tmp_path / "small.toml", epochs=8)
    reconcile_all(services)  # all 24 tasks are known; two of them are corrected by nobody
    host = start()
    correct(fake, deliver, range(1, 23))
    wait_for(lambda: finished(services, project))
    run = newest_run(services, project)
    assert run is not None
    assert (run.state, run.problem) == (RunState.SUCCEEDED, None)
    with services.store.reading() as session:
        version = find_champion(session, project.id)
    assert version is not None
    assert version.id == run.model_version_id != champion.id
    wait_for(lambda: fake.project["model_version"] == version.name)
    given = {row["task"] for row in fake.predictions if row["model_version"] == version.name}
    assert given == {23, 24}
    wait_for(lambda: all(state is JobState.DONE for state in job_states(services)))
    assert host.stop() == 0
    assert host.left_behind() == []
    assert not services.settings.redis_socket.exists()


def test_a_training_whose_worker_is_killed_goes_on_from_its_checkpoint(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    start: Callable[[], WorkerHost],
    tmp_path: Path,
) -> None:
    """kill -9 of the Celery worker, then of the host; the run is never trained twice at once."""
    write_recipe(tmp_path / "small.toml", epochs=25)
    host = start()
    with _Watch(host.trainings) as watch:
        correct(fake, deliver, range(1, 23))
        wait_for(lambda: epoch(services, project) >= 3)
        (training,) = host.trainings()
        host.main_worker("train").kill()
        wait_for(lambda: not lives(training), seconds=10)
        before = epoch(services, project)
        wait_for(lambda: epoch(services, project) > before + 2)
        host.kill()
        wait_for(lambda: not host.left_behind(), seconds=20)
    assert watch.most == 1
    again = start()
    with _Watch(again.trainings) as watch:
        wait_for(lambda: finished(services, project), seconds=400)
    assert watch.most == 1
    run = newest_run(services, project)
    assert run is not None
    assert (run.id, run.state, run.epoch) == (1, RunState.SUCCEEDED, 25)
    log = (run_folder(services.settings, run.id) / "log").read_text(encoding="utf-8")
    epochs = [int(number) for number in re.findall(r"epoch (\d+) of 25", log)]
    # An epoch whose checkpoint was not written yet when the kill came is trained again.
    assert epochs[0] == 1
    assert epochs[-1] == 25
    assert len(epochs) <= 27


def test_the_embedded_redis_is_killed_and_comes_back(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    start: Callable[[], WorkerHost],
) -> None:
    host = start()
    correct(fake, deliver, range(1, 3))
    wait_for(lambda: done(services) == 2)
    (redis,) = [process for process in host.processes() if "redis" in process.name()]
    redis.kill()
    correct(fake, deliver, range(3, 6))
    wait_for(lambda: done(services) == 5, seconds=60)


def test_redis_is_away_for_a_while(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    start: Callable[[], WorkerHost],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A Redis of one's own, which nobody restarts until it is back by itself."""
    port = pick_free_port()
    command = [
        redis_server(),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(tmp_path),
    ]
    redis = ChildProcess("Redis", command, log_path=tmp_path / "redis.log")
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}/0")
    get_settings.cache_clear()
    redis.start()
    try:
        start()
        correct(fake, deliver, range(1, 3))
        wait_for(lambda: done(services) == 2)
        redis.stop()
        correct(fake, deliver, range(3, 6))
        time.sleep(8)
        assert done(services) == 2
        redis.start()
        wait_for(lambda: done(services) == 5, seconds=90)
    finally:
        redis.stop()


def test_ctrl_c_in_mid_training_ends_every_process(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    start: Callable[[], WorkerHost],
    tmp_path: Path,
) -> None:
    write_recipe(tmp_path / "small.toml", epochs=200)
    host = start()
    correct(fake, deliver, range(1, 23))
    wait_for(lambda: epoch(services, project) >= 1)
    assert len(host.trainings()) == 1
    assert host.stop() == 0
    assert host.left_behind() == []
    run = newest_run(services, project)
    assert run is not None
    assert run.state is RunState.RUNNING  # to be gone on with at the next start
