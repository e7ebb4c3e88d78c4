"""Evaluations: the decision and its figures, with the champion of the day."""

import pytest

from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.models.evaluations import (
    WaitingCandidate,
    evaluations_of,
    record_evaluation,
    waiting_candidate,
)
from hemline.store.models.models import create_version, promote, reject
from hemline.store.models.snapshots import take_snapshot
from hemline.store.tables.loop import ModelVersion, Project


def test_evaluations_come_newest_first_with_their_champion(
    store: Store, artifacts: ArtifactStore, project: Project, version: ModelVersion
) -> None:
    figures = {"n": 6, "mean_dice": 0.93, "p": 0.03, "items": [{"id": "1", "dice": 0.9}]}
    with store.session() as session:
        snapshot = take_snapshot(session, artifacts, project.id, ["Garment"])
        candidate = create_version(
            session,
            project.id,
            recipe={},
            labels=["Garment"],
            weights_digest="c" * 64,
            code_version="0",
            parent_id=version.id,
            snapshot_id=snapshot.id,
        )
        for champion_id, promoted in ((None, False), (version.id, True)):
            record_evaluation(
                session,
                model_version_id=candidate.id,
                champion_id=champion_id,
                snapshot_id=snapshot.id,
                promoted=promoted,
                decision="Better by 0.03 (p = 0.03).",
                figures=figures,
            )
    with store.reading() as session:
        found = evaluations_of(session, candidate.id)
        assert evaluations_of(session, version.id) == []
    assert [each.promoted for each in found] == [True, False]
    assert found[0].champion is not None
    assert found[0].champion.name == version.name
    assert found[1].champion is None
    assert found[0].figures == figures


class Judged:
    """A project whose champion is `version`, and candidates that are judged against it."""

    def __init__(
        self, store: Store, artifacts: ArtifactStore, project: Project, version: ModelVersion
    ) -> None:
        self.store, self.project, self.champion = store, project, version
        with store.session() as session:
            promote(session, version.id)
            self.snapshot = take_snapshot(session, artifacts, project.id, ["top", "bag"]).id

    def judge(self, *lost: str, against: int | None = None) -> ModelVersion:
        """A candidate that lost these labels, and is not promoted."""
        with self.store.session() as session:
            candidate = create_version(
                session,
                self.project.id,
                recipe={},
                labels=["top", "bag"],
                weights_digest="c" * 64,
                code_version="0",
                snapshot_id=self.snapshot,
            )
            record_evaluation(
                session,
                model_version_id=candidate.id,
                champion_id=against or self.champion.id,
                snapshot_id=self.snapshot,
                promoted=False,
                decision="",
                figures={"lost": list(lost)} if lost else {},
            )
            return reject(session, candidate.id)

    def waiting(self) -> WaitingCandidate | None:
        with self.store.reading() as session:
            return waiting_candidate(session, self.project.id)


@pytest.fixture
def judged(
    store: Store, artifacts: ArtifactStore, project: Project, version: ModelVersion
) -> Judged:
    return Judged(store, artifacts, project, version)


def test_a_version_that_lost_labels_waits_for_a_person(judged: Judged) -> None:
    assert judged.waiting() is None
    candidate = judged.judge("bag", "top")
    waiting = judged.waiting()
    assert waiting is not None
    assert (waiting.version.id, waiting.lost) == (candidate.id, ("bag", "top"))
    assert waiting.in_words == (
        f"{candidate.name} waits for a person: it is better than the champion in the mean, but "
        "loses 'bag', 'top'"
    )


def test_of_many_lost_labels_some_are_named(judged: Judged) -> None:
    judged.judge("a", "b", "c", "d", "e")
    waiting = judged.waiting()
    assert waiting is not None
    assert waiting.in_words.endswith("loses 'a', 'b', 'c' and 2 more")


def test_one_that_is_not_better_waits_for_nobody(judged: Judged) -> None:
    judged.judge()
    assert judged.waiting() is None


def test_a_later_judgement_takes_its_place(judged: Judged) -> None:
    judged.judge("bag")
    second = judged.judge("top")
    waiting = judged.waiting()
    assert waiting is not None
    assert waiting.version.id == second.id
    judged.judge()
    assert judged.waiting() is None


def test_it_waits_no_longer_once_somebody_has_decided(judged: Judged) -> None:
    candidate = judged.judge("bag")
    with judged.store.session() as session:
        promote(session, candidate.id)
    assert judged.waiting() is None
    judged.judge("bag")  # against one that is champion no more
    assert judged.waiting() is None
    judged.judge("bag", against=candidate.id)
    assert judged.waiting() is not None


def test_a_pruned_version_cannot_be_decided_on(judged: Judged) -> None:
    candidate = judged.judge("bag")
    with judged.store.session() as session:
        found = session.get(ModelVersion, candidate.id)
        assert found is not None
        found.weights_removed_at = utcnow()
    assert judged.waiting() is None
