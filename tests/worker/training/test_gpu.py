"""One training a card: containers of one machine share its cards, and the dead give theirs back."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from hemline.store.database.engine import Store
from hemline.store.models.card_claims import claim_card, release_card
from hemline.store.models.runs import get_run, queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import RunState, RunTrigger
from hemline.store.tables.loop import Project
from tests.plugins.databases import new_database
from worker.services import Services
from worker.training.gpu import CardHeld, claim_device, visible_gpus
from worker.training.supervise import train_run

LISTED = ("GPU-aaaa-1", "GPU-bbbb-2")
CLAIMER = """
import sys, time
from hemline.store.database.engine import Store
from worker.training.gpu import claim_device
print("ready", flush=True)
sys.stdin.readline()
with claim_device(Store(sys.argv[1]), "auto", float(sys.argv[2])) as held:
    print("none" if held is None else held.environment["CUDA_VISIBLE_DEVICES"], flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "hemline.db")
        yield f"sqlite:///{tmp_path / 'hemline.db'}"
    else:
        server: URL = request.getfixturevalue("postgres_server")
        yield from new_database(server, template=request.getfixturevalue("postgres_template"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.dispose()


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cards, as NVIDIA's tool lists them: the file has what it prints."""
    folder = tmp_path / "bin"
    folder.mkdir()
    listing = folder / "cards"
    listing.write_text("".join(f"{uuid}\n" for uuid in LISTED))
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\ncat {listing}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return listing


class Claimers:
    """Processes that claim a card when they are told to, and hold it until they are told more."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, lease_s: float, visible: str | None = None) -> subprocess.Popen[str]:
        environment = {**os.environ}
        if visible is not None:
            environment["CUDA_VISIBLE_DEVICES"] = visible
        process = subprocess.Popen(
            [sys.executable, "-c", CLAIMER, self._url, str(lease_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path.cwd(),
        )
        self._processes.append(process)
        assert _hear(process) == "ready"
        return process

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


@pytest.fixture
def claimers(url: str) -> Iterator[Claimers]:
    claimers = Claimers(url)
    yield claimers
    claimers.stop()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_processes_that_claim_at_once_get_a_card_each_and_the_third_none(
    cards: Path, claimers: Claimers
) -> None:
    processes = [claimers.start(60) for _ in range(3)]
    for process in processes:
        _go_on(process)
    assert sorted(_hear(process) for process in processes) == [*LISTED, "none"]


def test_the_card_of_a_killed_claimer_is_free_after_its_lease(
    cards: Path, store: Store, claimers: Claimers
) -> None:
    cards.write_text("GPU-aaaa-1\n")
    killed = claimers.start(3)
    _go_on(killed)
    assert _hear(killed) == "GPU-aaaa-1"
    with claim_device(store, "auto", 3) as held:
        assert held is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    for _ in range(600):
        with claim_device(store, "auto", 3) as held:
            if held is not None:
                assert held.environment == {"CUDA_VISIBLE_DEVICES": "GPU-aaaa-1"}
                return
        threading.Event().wait(0.1)
    raise AssertionError("the card of a dead process stays taken")


def test_a_claim_is_renewed_while_its_claimer_lives_and_given_back_at_once(
    cards: Path, store: Store, claimers: Claimers
) -> None:
    cards.write_text("GPU-aaaa-1\n")
    holder = claimers.start(3)
    _go_on(holder)
    assert _hear(holder) == "GPU-aaaa-1"
    threading.Event().wait(4)
    with claim_device(store, "auto", 3) as held:
        assert held is None
    _go_on(holder)
    assert holder.wait(60) == 0
    with claim_device(store, "auto", 3) as held:
        assert held is not None


def test_containers_that_number_their_cards_apart_know_the_same_card(
    cards: Path, store: Store, claimers: Claimers
) -> None:
    """In the other container the machine's second card is the only one, so it is number 0 there."""
    whole = claimers.start(60, visible="1")
    _go_on(whole)
    assert _hear(whole) == "GPU-bbbb-2"
    cards.write_text("GPU-bbbb-2\n")
    with claim_device(store, "auto", 60) as held:
        assert held is None


def test_a_card_has_one_name_however_it_is_called(
    cards: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", " 0,GPU-a , 1")
    assert visible_gpus() == ["0", "GPU-a", "1"]
    with claim_device(store, "auto", 60) as first, claim_device(store, "cuda", 60) as second:
        assert first is not None
        assert second is not None
        assert first.environment == {"CUDA_VISIBLE_DEVICES": "GPU-aaaa-1"}
        assert second.environment == {"CUDA_VISIBLE_DEVICES": "GPU-bbbb-2"}
        with claim_device(store, "auto", 60) as third, claim_device(store, "cpu", 60) as on_cpu:
            assert third is None
            assert on_cpu is not None
            assert on_cpu.environment == {}


def test_without_nvidia_s_tool_numbers_are_of_this_machine(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("PATH", "/nowhere")
    with claim_device(store, "auto", 60) as held, claim_device(store, "auto", 60) as other:
        assert held is not None
        assert held.environment == {"CUDA_VISIBLE_DEVICES": "3"}
        assert other is None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with store.session() as session:
        assert claim_card(session, f"{boot} 3", "another", 60)
    with claim_device(store, "auto", 60) as held:
        assert held is None


def test_without_a_gpu_nothing_is_claimed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with claim_device(store, "auto", 60) as held:
        assert held is not None
        assert held.environment == {}


def test_a_training_whose_card_is_another_s_is_told(cards: Path, store: Store) -> None:
    """As after a pause longer than the lease."""
    lost = threading.Event()
    with claim_device(store, "auto", 0.6) as held:
        assert held is not None
        held.when_lost(lost.set)
        card = held.environment["CUDA_VISIBLE_DEVICES"]
        with store.session() as session:
            session.connection().exec_driver_sql(f"DELETE FROM card_claim WHERE card = '{card}'")
            assert claim_card(session, card, "another", 60)
        assert lost.wait(30)
    with store.session() as session:
        assert not claim_card(session, card, "third", 60), "it is not given back by a loser"
        release_card(session, card, "another")


def test_a_training_on_several_cards_has_all_of_them_or_none(cards: Path, store: Store) -> None:
    with claim_device(store, "auto", 60, 2) as both:
        assert both is not None
        assert both.environment == {"CUDA_VISIBLE_DEVICES": ",".join(LISTED)}
        assert both.devices == 2
        with claim_device(store, "auto", 60) as third:
            assert third is None
    with claim_device(store, "auto", 60) as one:
        assert one is not None
        assert one.devices == 1
        with claim_device(store, "auto", 60, 2) as waiting:
            assert waiting is None
        with claim_device(store, "auto", 60) as other:
            assert other is not None, "the card that was not enough is given back"


def test_no_more_cards_are_used_than_there_are(
    cards: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with claim_device(store, "auto", 60, 4) as held, claim_device(store, "cpu", 60, 4) as on_cpu:
        assert held is not None
        assert on_cpu is not None
        assert (held.devices, on_cpu.devices) == (2, 4)
    assert "2 of 4 devices are used" in caplog.text


def test_one_lost_card_of_two_ends_the_training(cards: Path, store: Store) -> None:
    lost = threading.Event()
    with claim_device(store, "auto", 0.6, 2) as held:
        assert held is not None
        held.when_lost(lost.set)
        with store.session() as session:
            session.connection().exec_driver_sql(
                f"UPDATE card_claim SET owner = 'another' WHERE card = '{LISTED[1]}'"
            )
        assert lost.wait(30)
    with store.session() as session:
        assert claim_card(session, LISTED[0], "third", 60)
        release_card(session, LISTED[0], "third")


def test_who_listens_late_is_told_too() -> None:
    held, lost = CardHeld({}), threading.Event()
    held.lose()
    held.when_lost(lost.set)
    assert lost.is_set()


def test_a_training_that_lost_its_card_is_killed(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def lost(*_: Any) -> Iterator[CardHeld]:
        held = CardHeld({})
        held.lose()
        yield held

    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, project.id, ["garment"])
        run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
    assert run is not None
    monkeypatch.setattr("worker.training.supervise.claim_device", lost)
    train_run(services, run.id)
    with services.store.reading() as session:
        assert get_run(session, run.id).state is RunState.QUEUED, "it died before it began"
