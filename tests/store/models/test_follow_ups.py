"""Which follow-up a champion has still to come, and when one more is not worth its time."""

from collections.abc import Sequence

import pytest

from hemline.store.database.engine import Store
from hemline.store.models.evaluations import record_evaluation
from hemline.store.models.follow_ups import had_follow_up, is_worth_another, networks_in_words
from hemline.store.models.models import create_version, promote, reject, rollback
from hemline.store.models.runs import (
    active_run,
    counted_run,
    fail_run,
    failures_since,
    last_run,
    queue_run,
)
from hemline.store.states import FOLLOW_UPS, RunState, RunTrigger
from hemline.store.tables.loop import DatasetSnapshot, ModelVersion, Project

CORRECTIONS, PSEUDO_LABELS = RunTrigger.CORRECTIONS, RunTrigger.PSEUDO_LABELS
BAGGING, SPECIALISTS = RunTrigger.BAGGING, RunTrigger.SPECIALISTS


def snapshot_of(store: Store, project: Project, corrections: int) -> int:
    with store.session() as session:
        snapshot = DatasetSnapshot(
            project_id=project.id,
            digest=f"{corrections:064x}",
            labels=["Garment"],
            counts={"train": corrections, "gold": 5},
        )
        session.add(snapshot)
        session.flush()
        return snapshot.id


@pytest.fixture
def snapshot(store: Store, project: Project) -> int:
    return snapshot_of(store, project, 20)


def train(
    store: Store, project: Project, snapshot: int, trigger: RunTrigger, *, promoted: bool
) -> ModelVersion:
    """A run that has ended with a version, which was judged."""
    with store.session() as session:
        run = queue_run(session, project.id, snapshot, trigger)
        assert run is not None
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["Garment"],
            weights_digest="a" * 64,
            code_version="test",
            snapshot_id=snapshot,
        )
        record_evaluation(
            session,
            model_version_id=version.id,
            champion_id=None,
            snapshot_id=snapshot,
            promoted=promoted,
            decision="",
            figures={},
        )
        run.state, run.model_version_id = RunState.SUCCEEDED, version.id
        session.flush()
        return promote(session, version.id) if promoted else reject(session, version.id)


def to_come(store: Store, version: ModelVersion) -> Sequence[RunTrigger]:
    with store.reading() as session:
        return [kind for kind in FOLLOW_UPS if not had_follow_up(session, version, kind)]


def test_each_kind_comes_once_after_a_promotion_by_corrections(
    store: Store, project: Project, version: ModelVersion, snapshot: int
) -> None:
    assert to_come(store, version) == []  # no run trained it
    first = train(store, project, snapshot, CORRECTIONS, promoted=True)
    assert to_come(store, first) == [PSEUDO_LABELS, BAGGING, SPECIALISTS]
    train(store, project, snapshot, BAGGING, promoted=False)
    assert to_come(store, first) == [PSEUDO_LABELS, SPECIALISTS]
    train(store, project, snapshot, CORRECTIONS, promoted=False)
    assert to_come(store, first) == [PSEUDO_LABELS, SPECIALISTS]
    second = train(store, project, snapshot, CORRECTIONS, promoted=True)
    assert to_come(store, second) == [PSEUDO_LABELS, BAGGING, SPECIALISTS]


def test_what_a_follow_up_promoted_has_the_others_still_to_come_but_draws_no_pseudo_labels(
    store: Store, project: Project, snapshot: int
) -> None:
    train(store, project, snapshot, CORRECTIONS, promoted=True)
    taught = train(store, project, snapshot, PSEUDO_LABELS, promoted=True)
    assert to_come(store, taught) == [BAGGING, SPECIALISTS]
    bag = train(store, project, snapshot, BAGGING, promoted=True)
    assert to_come(store, bag) == [SPECIALISTS]
    with store.session() as session:
        before = rollback(session, project.id)
    assert before.id == taught.id
    assert to_come(store, before) == [SPECIALISTS]


def test_one_that_gave_way_is_still_to_come_and_one_that_failed_is_not(
    store: Store, project: Project, snapshot: int
) -> None:
    first = train(store, project, snapshot, CORRECTIONS, promoted=True)
    for trigger in (BAGGING, SPECIALISTS):
        with store.session() as session:
            assert queue_run(session, project.id, snapshot, trigger) is not None
            assert queue_run(session, project.id, snapshot, PSEUDO_LABELS) is None
            corrections = queue_run(session, project.id, snapshot, CORRECTIONS)
            assert corrections is not None  # the one that waits gives way
            assert fail_run(session, corrections.id, None, "given up")
    assert to_come(store, first) == [PSEUDO_LABELS, BAGGING, SPECIALISTS]
    with store.session() as session:
        waiting = queue_run(session, project.id, snapshot, BAGGING)
        assert waiting is not None
        assert fail_run(session, waiting.id, None, "the disk is full")
    assert to_come(store, first) == [PSEUDO_LABELS, SPECIALISTS]


@pytest.mark.parametrize("trigger", [BAGGING, SPECIALISTS])
def test_no_correction_waits_for_one_or_is_used_up_by_it(
    store: Store, project: Project, snapshot: int, trigger: RunTrigger
) -> None:
    train(store, project, snapshot, CORRECTIONS, promoted=True)
    with store.session() as session:
        before = counted_run(session, project.id)
        assert before is not None
        run = queue_run(session, project.id, snapshot, trigger)
        assert run is not None
        assert counted_run(session, project.id) == before
        assert active_run(session, project.id) == run
        assert last_run(session, project.id) == run
        assert last_run(session, project.id, follow_ups=False) == before
        assert fail_run(session, run.id, None, "given up")
        assert failures_since(session, project.id, before) == 0


def worth(store: Store, project: Project, trigger: RunTrigger, corrections: int) -> bool:
    with store.reading() as session:
        return is_worth_another(session, project.id, trigger, corrections)


def test_after_three_in_a_row_that_gold_did_not_keep_the_next_waits_for_twice_the_corrections(
    store: Store, project: Project, snapshot: int
) -> None:
    train(store, project, snapshot, BAGGING, promoted=True)
    for _ in range(2):
        train(store, project, snapshot, BAGGING, promoted=False)
        assert worth(store, project, BAGGING, 20)
    later = snapshot_of(store, project, 30)
    train(store, project, later, BAGGING, promoted=False)
    assert [worth(store, project, BAGGING, number) for number in (30, 59, 60)] == [
        False,
        False,
        True,
    ]
    assert worth(store, project, SPECIALISTS, 20)  # each kind has its own count
    train(store, project, later, BAGGING, promoted=True)
    assert worth(store, project, BAGGING, 30)


def test_networks_are_named() -> None:
    assert networks_in_words({"name": "hemline"}) == ""
    assert networks_in_words({"bagging": None, "specialists": None}) == ""
    assert networks_in_words({"bagging": {"folds": 5}, "specialists": None}) == "bag of 5"
    assert networks_in_words({"specialists": {"least": 30}}) == "specialists"
