"""Shadows: one a project, what ends them, and which labels count in them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.clock import database_now
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import delete_annotations, record_annotation
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.evaluations import record_evaluation, waiting_candidate
from hemline.store.models.models import create_version, get_version, promote
from hemline.store.models.snapshots import Manifest, ManifestItem, take_snapshot
from hemline.store.shadow.shadow_labels import (
    LabelToCompare,
    any_label_to_compare,
    compared_labels,
    count_compared_garments,
    keep_comparison,
    labels_to_compare,
    seen_in_training,
)
from hemline.store.shadow.shadows import (
    begin_shadow,
    end_shadow,
    is_given_up,
    running_shadow,
    running_shadows,
    shadow_progress,
)
from hemline.store.states import ModelState, ShadowState, Split
from hemline.store.tables.loop import Annotation, Evaluation, ModelVersion, Project, Task
from hemline.store.tables.shadows import Shadow

Begin = Callable[[], Shadow]
GOLD = "Dice +0.0100 [-0.0100, +0.0300] on 6 gold garments, p = 0.2000 (needs 0.05)"


@pytest.fixture
def begin(store: Store, artifacts: ArtifactStore, project: Project, version: ModelVersion) -> Begin:
    """Puts a new candidate into shadow of `version`, the champion."""
    with store.session() as session:
        promote(session, version.id)

    def begin() -> Shadow:
        with store.session() as session:
            snapshot = take_snapshot(session, artifacts, project.id, ["Garment"])
            candidate = create_version(
                session,
                project.id,
                recipe={},
                labels=["Garment"],
                weights_digest="c" * 64,
                code_version="0",
                snapshot_id=snapshot.id,
            )
            evaluation = record_evaluation(
                session,
                model_version_id=candidate.id,
                champion_id=version.id,
                snapshot_id=snapshot.id,
                promoted=False,
                decision="in shadow",
                figures={"items": [], "measured": GOLD},
            )
            begin_shadow(session, evaluation, garments=3)
        shadow = running(store, project)
        assert shadow is not None
        return shadow

    return begin


def running(store: Store, project: Project) -> Shadow | None:
    with store.reading() as session:
        return running_shadow(session, project.id)


def of(store: Store, shadow: Shadow) -> tuple[ShadowState, ModelState, Evaluation]:
    with store.reading() as session:
        row = session.get_one(Shadow, shadow.id)
        evaluation = session.get_one(Evaluation, shadow.evaluation_id)
        return row.state, get_version(session, shadow.model_version_id).state, evaluation


def test_a_candidate_in_shadow_is_found_with_its_champion(
    store: Store, project: Project, version: ModelVersion, begin: Begin
) -> None:
    assert running(store, project) is None
    shadow = begin()
    assert shadow.champion.name == version.name
    assert shadow.model_version.snapshot is not None
    assert shadow.project.ls_project_id == 7
    with store.reading() as session:
        assert [each.id for each in running_shadows(session)] == [shadow.id]
    assert of(store, shadow)[1] is ModelState.CANDIDATE


def test_the_next_candidate_takes_its_place(store: Store, project: Project, begin: Begin) -> None:
    first, second = begin(), begin()
    state, version, evaluation = of(store, first)
    assert (state, version) == (ShadowState.SUPERSEDED, ModelState.REJECTED)
    assert evaluation.decision == (
        f"superseded: {second.model_version.name} took its place; measured before, {GOLD}"
    )
    found = running(store, project)
    assert found is not None
    assert found.id == second.id


def test_without_a_champion_there_is_nothing_to_be_in_shadow_of(store: Store, begin: Begin) -> None:
    evaluation = of(store, begin())[2]
    evaluation.champion_id = None
    with store.session() as session, pytest.raises(ValueError, match="no champion"):
        begin_shadow(session, evaluation, garments=3)


def test_it_ends_once_and_its_evaluation_has_the_decision(store: Store, begin: Begin) -> None:
    shadow = begin()
    with store.session() as session:
        assert end_shadow(session, shadow, ShadowState.GIVEN_UP, "somebody ended it")
        assert not end_shadow(session, shadow, ShadowState.SUPERSEDED, "too late")
    state, version, evaluation = of(store, shadow)
    assert (state, version) == (ShadowState.GIVEN_UP, ModelState.REJECTED)
    assert evaluation.decision == f"given up: somebody ended it; measured before, {GOLD}"
    assert not evaluation.promoted


def test_who_ends_it_as_promoted_makes_it_champion(store: Store, begin: Begin) -> None:
    shadow = begin()
    with store.session() as session:
        promote(session, shadow.model_version_id)
        assert end_shadow(session, shadow, ShadowState.PROMOTED, "promoted: Dice +0.1", {"p": 0.01})
    state, version, evaluation = of(store, shadow)
    assert (state, version) == (ShadowState.PROMOTED, ModelState.CHAMPION)
    assert evaluation.promoted
    assert evaluation.decision == f"promoted: Dice +0.1; measured before, {GOLD}"


def test_a_label_that_it_lost_in_shadow_waits_for_a_person(
    store: Store, project: Project, begin: Begin
) -> None:
    shadow = begin()
    with store.session() as session:
        end_shadow(session, shadow, ShadowState.NOT_PROMOTED, "not promoted", {"lost": ["bag"]})
        waiting = waiting_candidate(session, project.id)
    assert waiting is not None
    assert (waiting.version.id, waiting.lost) == (shadow.model_version_id, ("bag",))


def test_it_tells_how_far_it_is_and_when_it_is_given_up(
    store: Store, project: Project, version: ModelVersion, begin: Begin
) -> None:
    with store.reading() as session:
        assert shadow_progress(session, project.id, days=10) is None
    shadow = begin()
    with store.reading() as session:
        progress = shadow_progress(session, project.id, days=10)
        assert not is_given_up(session, shadow, days=10)
    assert progress is not None
    until = shadow.began_at + timedelta(days=10)
    assert progress.in_words == (
        f"{shadow.model_version.name} is in shadow of {version.name}: 0 of 3 new garments are "
        f"corrected; trainings wait until it is decided, and it is given up on {until:%Y-%m-%d}"
    )
    with store.session() as session:
        row = session.get_one(Shadow, shadow.id)
        row.began_at = database_now(session) - timedelta(days=10, seconds=1)
    with store.reading() as session:
        assert is_given_up(session, session.get_one(Shadow, shadow.id), days=10)


class Corrected:
    """Tasks that people correct while a candidate is in shadow."""

    def __init__(self, store: Store, project: Project, shadow: Shadow) -> None:
        self.store, self.project, self.shadow = store, project, shadow

    def add(
        self,
        number: int,
        garment: str,
        *,
        version: int | None = None,
        prefilled: bool = True,
        mask: int = 0,
    ) -> None:
        """A task with a prediction of `version` (None: the champion's) and a label made from it."""
        with self.store.session() as session:
            task = upsert_task(
                session,
                self.project.id,
                ls_task_id=number,
                data={},
                image_url=str(number),
                garment=garment,
                view="Front",
            )
            made = save_prediction(
                session,
                task_id=task.id,
                model_version_id=version or self.shadow.champion_id,
                image_digest="d" * 64,
                mask_digest="e" * 64,
                score=0.5,
                region_scores={},
            )
            record_annotation(
                session,
                project_id=self.project.id,
                task_id=task.id,
                ls_annotation_id=100 + number,
                prediction_id=made.id if prefilled else None,
                mask_digest=f"{number + 1000 * mask:064x}",
            )

    def waiting(self) -> list[LabelToCompare]:
        with self.store.reading() as session:
            found = labels_to_compare(session, self.shadow, 100)
            assert any_label_to_compare(session, self.shadow) is bool(found)
        return found

    def tasks(self) -> list[int]:
        return [label.annotation.task.ls_task_id for label in self.waiting()]

    def compare(self, problem: str | None = None) -> None:
        mine, theirs = (None, None) if problem else (0.9, 0.8)
        waiting = self.waiting()
        with self.store.session() as session:
            for label in waiting:
                keep_comparison(
                    session,
                    self.shadow,
                    label,
                    dice=mine,
                    champion_dice=theirs,
                    problem=problem,
                )

    def garments(self) -> int:
        with self.store.reading() as session:
            return count_compared_garments(session, self.shadow.id)


@pytest.fixture
def corrected(store: Store, project: Project, begin: Begin) -> Corrected:
    return Corrected(store, project, begin())


def test_labels_made_from_the_champions_pre_fill_or_from_nothing_wait_in_order(
    corrected: Corrected, store: Store, project: Project
) -> None:
    with store.session() as session:
        other = create_version(
            session,
            project.id,
            recipe={},
            labels=["Garment"],
            weights_digest="f" * 64,
            code_version="0",
        )
    corrected.add(3, "a")
    corrected.add(2, "b", prefilled=False)
    corrected.add(1, "c", version=other.id)
    assert corrected.tasks() == [3, 2]
    (label, _) = corrected.waiting()
    assert label.prediction.model_version.labels == ["Garment"]


def test_what_was_labelled_before_the_snapshot_never_counts(
    corrected: Corrected, store: Store
) -> None:
    corrected.add(1, "a")
    with store.session() as session:
        an_hour_ago = database_now(session) - timedelta(hours=1)
        session.execute(update(Annotation).values(changed_at=an_hour_ago))
    assert corrected.tasks() == []


def test_views_of_a_garment_are_one_and_unknown_garments_each_their_own(
    corrected: Corrected,
) -> None:
    for number, garment in enumerate(("a", "a", "", ""), start=1):
        corrected.add(number, garment)
    corrected.compare()
    assert corrected.waiting() == []
    assert corrected.garments() == 3


def test_a_label_that_is_saved_again_is_compared_again_and_counts_not_meanwhile(
    corrected: Corrected, store: Store
) -> None:
    corrected.add(1, "a")
    corrected.compare()
    corrected.add(1, "a", mask=1)
    assert (corrected.garments(), corrected.tasks()) == (0, [1])
    corrected.compare()
    assert (corrected.garments(), corrected.tasks()) == (1, [])
    with store.reading() as session:
        (compared,) = compared_labels(session, corrected.shadow.id)
    assert (compared.ls_task_id, compared.row.dice, compared.row.champion_dice) == (1, 0.9, 0.8)


def test_what_cannot_be_compared_or_is_deleted_does_not_count(
    corrected: Corrected, store: Store, project: Project
) -> None:
    corrected.add(1, "a")
    corrected.compare(problem="the photo is gone")
    assert (corrected.garments(), corrected.tasks()) == (0, [])
    corrected.add(2, "b")
    corrected.compare()
    assert corrected.garments() == 1
    with store.session() as session:
        delete_annotations(session, project.id, [102], database_now(session))
    assert corrected.garments() == 0


def test_any_view_of_what_was_trained_on_is_known_and_so_is_a_copy_of_its_photo(
    store: Store, project: Project, task: Task
) -> None:
    item = ManifestItem(1, 1, "a", "Front", Split.GOLD, "", "d" * 64, "e" * 64, 1, 1)
    unknown = ManifestItem(2, 2, "", "", Split.TRAIN, "", None, "e" * 64, 1, 1)
    with store.session() as session:
        taught = session.get_one(Task, task.id)
        taught.pseudo_labelled = True
    with store.reading() as session:
        seen = seen_in_training(session, project.id, Manifest(("Garment",), (item, unknown)))
    for ls_task_id, garment, digest, known in (
        (9, "a", None, True),
        (9, "b", "d" * 64, True),
        (2, "", None, True),
        (9, task.garment, None, True),
        (9, "", None, False),
        (9, "b", "c" * 64, False),
    ):
        photo = Task(ls_task_id=ls_task_id, garment=garment, image_digest=digest)
        assert seen.has(photo) is known
