"""A host goes on from the checkpoint of another; beside HEMLINE_HOME's artifacts none is copied."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hemline.errors import StoreError
from hemline.settings import Settings, get_settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.models.checkpoints import KeptCheckpoint, kept_checkpoint
from hemline.store.models.runs import acquire_run, get_run, is_free, queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.reports.artifacts_to_keep import artifacts_to_keep
from hemline.store.states import RunState, RunTrigger
from hemline.store.tables.loop import ModelVersion, Project
from tests.plugins.s3 import S3Storage, answers
from tests.worker.conftest import brush
from tests.worker.discs import disc, write_recipe
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.lease import RunLease
from worker.services import Services, build_services
from worker.tidy import tidy
from worker.training import candidate, process, shared_checkpoint
from worker.training.exits import EXIT_LEASE_LOST
from worker.training.shared_checkpoint import SharedCheckpoint, forget_checkpoints
from worker.training.supervise import run_folder, train_run

EPOCHS = 20
AWAY = answers("503 Slow Down", "SlowDown")


@pytest.fixture
def settings(
    settings: Settings, s3: S3Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Of one of several hosts: one database, one bucket, and a HEMLINE_HOME of its own."""
    monkeypatch.setenv("HEMLINE_ARTIFACT_URL", s3.url)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'home' / 'hemline.db'}")
    monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
    monkeypatch.setattr("hemline.store.database.storage_url._TRIES", 1)
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps each checkpoint, whatever time that takes."""
    monkeypatch.setattr(shared_checkpoint, "_SHARE", 1e9)


@pytest.fixture
def run_id(services: Services, project: Project) -> int:
    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, project.id, ["garment"])
        run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
        assert run is not None
        assert acquire_run(session, run.id, "one", 300)
        return run.id


def host(services: Services, run_id: int, work: Path, owner: str = "one") -> SharedCheckpoint:
    return SharedCheckpoint(services, run_id, owner, work)


def write(work: Path, *words: str) -> None:
    for number, word in enumerate(words, start=1):
        folder = work / f"fold_{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint.pt").write_bytes(word.encode())
        os.utime(folder / "checkpoint.pt", (len(word), sum(word.encode())))


def read(work: Path) -> list[str]:
    return [path.read_text() for path in sorted(work.rglob("checkpoint.pt"))]


def kept(services: Services, run_id: int) -> KeptCheckpoint | None:
    with services.store.reading() as session:
        return kept_checkpoint(session, run_id)


def epoch_kept(services: Services, run_id: int) -> int | None:
    found = kept(services, run_id)
    return found.epoch if found else None


@pytest.mark.usefixtures("impatient")
def test_another_host_has_all_files_and_old_ones_go(
    services: Services, run_id: int, tmp_path: Path, s3: S3Storage
) -> None:
    before = len(s3.names())
    one = host(services, run_id, tmp_path / "a")
    write(tmp_path / "a", "first")
    one.keep(1)
    write(tmp_path / "a", "first", "second")
    puts = sum(each.startswith("PUT") for each in s3.requests)
    one.keep(2)
    assert sum(each.startswith("PUT") for each in s3.requests) == puts + 1  # fold 1 is done
    write(tmp_path / "a", "first", "second!")
    one.keep(3)
    assert len(s3.names()) == before + 2
    write(tmp_path / "b", "stale", "stale", "stale")
    host(services, run_id, tmp_path / "b").bring()
    assert read(tmp_path / "b") == ["first", "second!"]
    forget_checkpoints(services, run_id)
    assert len(s3.names()) == before
    assert kept(services, run_id) is None


@pytest.mark.usefixtures("impatient")
def test_what_is_further_on_this_host_stays(
    services: Services, run_id: int, tmp_path: Path
) -> None:
    write(tmp_path / "a", "epoch 2")
    host(services, run_id, tmp_path / "a").keep(2)
    write(tmp_path / "b", "epoch 3")
    host(services, run_id, tmp_path / "b", "other").keep(3)  # not its run: nothing is kept
    assert epoch_kept(services, run_id) == 2
    host(services, run_id, tmp_path / "b").bring()
    assert read(tmp_path / "b") == ["epoch 3"]
    write(tmp_path / "a", "epoch 4")
    host(services, run_id, tmp_path / "a").keep(4)
    host(services, run_id, tmp_path / "b").bring()
    assert read(tmp_path / "b") == ["epoch 4"]


@pytest.mark.usefixtures("impatient")
def test_who_lost_the_run_leaves_the_checkpoints_of_who_has_it(
    services: Services, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = run_folder(services.settings, run_id) / "work"
    write(work, "epoch 2")
    host(services, run_id, work).keep(2)
    with services.store.reading() as session:
        run = get_run(session, run_id)
    lease = RunLease(services.store, run_id, "before", 300, epoch=2, epochs=EPOCHS)

    def end_too_late(*_: object) -> None:
        raise StoreError(f"training run {run_id} is no longer owned by before")

    monkeypatch.setattr(candidate, "train_successor", end_too_late)
    assert process._train(services, run, lease) == EXIT_LEASE_LOST
    assert epoch_kept(services, run_id) == 2
    assert read(work) == ["epoch 2"]
    with services.store.reading() as session:
        assert get_run(session, run_id).state is RunState.RUNNING


@pytest.mark.usefixtures("impatient")
def test_an_old_checkpoint_that_cannot_be_removed_ends_no_training(
    services: Services, run_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = host(services, run_id, tmp_path)
    write(tmp_path, "epoch 1")
    one.keep(1)

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ArtifactStore, "remove", denied)
    write(tmp_path, "epoch 2!")
    one.keep(2)
    assert epoch_kept(services, run_id) == 2


def test_keeping_takes_a_small_share_of_the_time(
    services: Services, run_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_checkpoint, "_SHARE", 1e-9)
    one = host(services, run_id, tmp_path / "a")
    for epoch in (1, 2, 3):
        write(tmp_path / "a", f"epoch {epoch}")
        one.keep(epoch)
    assert epoch_kept(services, run_id) == 1


@pytest.mark.usefixtures("impatient")
def test_a_bucket_that_is_away_stops_no_training(
    services: Services, run_id: int, tmp_path: Path, s3: S3Storage
) -> None:
    one = host(services, run_id, tmp_path / "a")
    write(tmp_path / "a", "epoch 1")
    s3.fault = AWAY
    one.keep(1)
    assert kept(services, run_id) is None
    s3.fault = None
    one.keep(2)
    assert epoch_kept(services, run_id) == 2
    s3.fault = AWAY
    forget_checkpoints(services, run_id)
    assert kept(services, run_id) is not None  # the schedule removes it
    s3.fault = None
    with services.store.session() as session:
        get_run(session, run_id).state = RunState.FAILED
    tidy(services)
    assert kept(services, run_id) is None


@pytest.mark.usefixtures("impatient")
def test_a_checkpoint_that_is_lost_or_damaged_is_left_out(
    services: Services, run_id: int, tmp_path: Path
) -> None:
    write(tmp_path / "a", "epoch 1")
    host(services, run_id, tmp_path / "a").keep(1)
    found = kept(services, run_id)
    assert found is not None
    services.artifacts.remove(found.files["fold_1/checkpoint.pt"])
    host(services, run_id, tmp_path / "b").bring()
    assert read(tmp_path / "b") == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("folder", "is_kept"), [("home/artifacts", False), ("shared", True)])
def test_artifacts_in_the_home_folder_need_no_copies(
    services: Services, run_id: int, tmp_path: Path, folder: str, is_kept: bool
) -> None:
    url = str(tmp_path / folder)
    of_folder = replace(
        services,
        settings=services.settings.model_copy(update={"artifact_url": url}),
        artifacts=ArtifactStore(url),
    )
    write(tmp_path / "a", "epoch 1")
    host(of_folder, run_id, tmp_path / "a").keep(1)
    assert (kept(services, run_id) is not None) == is_kept


@pytest.fixture
def other_host(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Services]]:
    made: list[Services] = []

    def make() -> Services:
        monkeypatch.setenv("HEMLINE_HOME", str(tmp_path / "another home"))
        get_settings.cache_clear()
        made.append(build_services(get_settings()))
        return made[-1]

    yield make
    for each in made:
        each.client.close()
        each.store.dispose()


@pytest.mark.slow
def test_a_killed_training_goes_on_on_another_host(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Callable[[dict[str, Any]], None],
    champion: ModelVersion,
    other_host: Callable[[], Services],
    tmp_path: Path,
) -> None:
    write_recipe(tmp_path / "small.toml", epochs=EPOCHS)
    for number in range(1, 23):
        saved = fake.annotate(number, brush(disc(number - 1)[1]))
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    process = subprocess.Popen(
        [sys.executable, "-m", "worker.training.process", "1"],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    wait_for(lambda: (found := kept(services, 1)) is not None and found.epoch >= 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = kept(services, 1)
    assert found is not None
    assert 3 <= found.epoch < EPOCHS
    other = other_host()
    wait_for(lambda: _is_free(other))
    train_run(other, 1)
    with other.store.reading() as session:
        run = get_run(session, 1)
        needed = artifacts_to_keep(session, other.artifacts)
    assert (run.state, run.problem) == (RunState.SUCCEEDED, None)
    log = (run_folder(other.settings, 1) / "log").read_text()
    assert f"run 1 goes on after epoch {found.epoch}, from another host" in log
    assert f" epoch {found.epoch + 1} of {EPOCHS}:" in log
    assert f" epoch {found.epoch} of {EPOCHS}:" not in log
    assert run.model_version is not None
    curve = run.model_version.figures["curve"]
    assert [point["epoch"] for point in curve] == list(range(1, EPOCHS + 1))
    assert kept(other, 1) is None
    assert set(other.artifacts.digests()) <= needed.in_use | needed.past


def _is_free(services: Services) -> bool:
    with services.store.reading() as session:
        return is_free(session, 1)


def wait_for(condition: Callable[[], object], *, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.05)
