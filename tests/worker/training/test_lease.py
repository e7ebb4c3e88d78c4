"""One run is trained by one process."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hemline.datasets.sample import Sample
from hemline.store.database.columns import utcnow
from hemline.store.models.runs import acquire_run, get_run, queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import RunTrigger
from hemline.store.tables.loop import Project
from worker.lease import RunLease, new_owner
from worker.services import Services
from worker.training.exits import EXIT_LEASE_LOST
from worker.training.snapshot_samples import in_words_of

HOLDER = """
import sys, time
from hemline.store.database.engine import Store
from worker.lease import RunLease
store = Store(sys.argv[1])
with RunLease(store, int(sys.argv[2]), sys.argv[3], 0.6, epoch=0, epochs=0):
    print("holds", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def run_id(services: Services, project: Project) -> int:
    with services.store.session() as session:
        snapshot = take_snapshot(session, services.artifacts, project.id, ["garment"])
        run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
    assert run is not None
    return run.id


def test_a_lease_is_renewed_while_its_holder_lives(services: Services, run_id: int) -> None:
    owner = new_owner()
    with services.store.session() as session:
        assert acquire_run(session, run_id, owner, 3.0)
    with RunLease(services.store, run_id, owner, 3.0, epoch=0, epochs=0) as lease:
        lease.report(2, 5)
        time.sleep(4.0)
        with services.store.session() as session:
            assert not acquire_run(session, run_id, "another", 3.0)
            run = get_run(session, run_id)
    assert (run.epoch, run.epochs) == (2, 5)
    assert run.lease_until is not None
    assert run.lease_until > utcnow()


def test_a_process_whose_lease_is_another_s_ends_at_once(services: Services, run_id: int) -> None:
    with services.store.session() as session:
        assert acquire_run(session, run_id, "first", 0.6)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, services.settings.database, str(run_id), "first"],
        stdout=subprocess.PIPE,
        cwd=Path.cwd(),
    )
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"holds\n"
    with services.store.session() as session:
        run = get_run(session, run_id)
        run.lease_owner = "second"  # as if the first had been stopped for longer than its lease
    assert holder.wait(30) == EXIT_LEASE_LOST


def test_masks_are_renumbered_into_another_model_s_labels() -> None:
    mask = np.array([[0, 1], [2, 1]], dtype=np.uint8)
    sample = Sample("a", "g", "", "test", lambda: (np.zeros((2, 2, 3), np.uint8), mask))
    sole = Sample("b", "g", "", "test", lambda: (np.zeros((2, 2, 3), np.uint8), mask % 2))
    (same,) = in_words_of([sole], ["shirt"], ["garment"])
    assert np.array_equal(same.load()[1], mask % 2)
    (other,) = in_words_of([sample], ["shirt", "belt"], ["belt", "hat", "shirt"])
    assert other.load()[1].tolist() == [[0, 3], [1, 3]]
