"""What follow-ups brought: each, and all of a kind together."""

import pytest

from hemline.store.database.engine import Store
from hemline.store.models.evaluations import record_evaluation
from hemline.store.models.models import create_version
from hemline.store.models.runs import queue_run
from hemline.store.reports.follow_up_runs import follow_up_runs, summarise_follow_ups
from hemline.store.states import RunState, RunTrigger
from hemline.store.tables.loop import DatasetSnapshot, Project


def judged(
    store: Store, project: Project, trigger: RunTrigger, promoted: bool, *change: float
) -> None:
    """A run whose version differs by so much from the champion, within the other two."""
    figures = dict(zip(("difference", "low", "high"), change, strict=False))
    with store.session() as session:
        snapshot = session.query(DatasetSnapshot).first() or DatasetSnapshot(
            project_id=project.id,
            digest="5" * 64,
            labels=["Garment"],
            counts={"train": 20, "gold": 9, "pseudo-labels": 40},
        )
        session.add(snapshot)
        session.flush()
        run = queue_run(session, project.id, snapshot.id, trigger)
        assert run is not None
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["Garment"],
            weights_digest="a" * 64,
            code_version="test",
        )
        record_evaluation(
            session,
            model_version_id=version.id,
            champion_id=None,
            snapshot_id=snapshot.id,
            promoted=promoted,
            decision="",
            figures={**figures, "mean_dice": 0.92, "champion_mean_dice": 0.9},
        )
        run.state, run.model_version_id = RunState.SUCCEEDED, version.id


def test_all_are_listed_and_each_kind_is_summed_up(store: Store, project: Project) -> None:
    judged(store, project, RunTrigger.CORRECTIONS, True, 0.5, 0.4, 0.6)
    judged(store, project, RunTrigger.BAGGING, True, 0.02, 0.01, 0.03)
    judged(store, project, RunTrigger.PSEUDO_LABELS, False, -0.01, -0.03, 0.01)
    judged(store, project, RunTrigger.BAGGING, False, 0.0, -0.02, 0.02)
    judged(store, project, RunTrigger.BAGGING, False)  # the gold split was empty
    with store.reading() as session:
        runs = follow_up_runs(session, project.id)
        assert follow_up_runs(session, project.id + 1) == []
    assert [run.version.number for run in runs] == [5, 4, 3, 2]
    last = runs[-1]
    assert (last.trigger, last.promoted, last.difference) == (RunTrigger.BAGGING, True, 0.02)
    assert (last.corrections, last.pseudo_labels) == (20, 40)
    assert (last.before, last.after, last.low, last.high) == (0.9, 0.92, 0.01, 0.03)
    labels, bags = summarise_follow_ups(runs)
    assert (labels.trigger, labels.runs, labels.promoted) == (RunTrigger.PSEUDO_LABELS, 1, 0)
    assert (labels.difference, labels.low, labels.high) == (-0.01, -0.03, 0.01)
    assert (bags.trigger, bags.runs, bags.promoted) == (RunTrigger.BAGGING, 3, 1)
    # More runs on the same gold garments make the mean no surer.
    assert (bags.difference, bags.low, bags.high) == pytest.approx((0.01, -0.005, 0.025))
    assert summarise_follow_ups([]) == []
