"""Which of a champion's masks may be trained on, and what that means for their garments."""

from collections.abc import Iterable

import pytest
from sqlalchemy import update

from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.corrections import refresh_labelled
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.regroup import _used_in_trainings
from hemline.store.loop.splits import assign_split
from hemline.store.loop.tasks import record_photo, set_task_problem, upsert_task
from hemline.store.models import pseudo_labels
from hemline.store.models.models import create_version
from hemline.store.models.pseudo_labels import (
    choose_pseudo_labels,
    enough,
    mark_pseudo_labelled,
)
from hemline.store.models.runs import queue_run
from hemline.store.models.snapshots import PSEUDO_LABELS, read_manifest, take_snapshot
from hemline.store.states import ProblemSource, RunTrigger, Split
from hemline.store.tables.loop import ModelVersion, Prediction, Project, Task


def digest(number: int) -> str:
    return f"{number:064x}"


@pytest.fixture
def add(store: Store, project: Project, version: ModelVersion):
    """Adds a photo that the version has predicted, corrected if it is given a split."""

    def add(
        number: int,
        garment: str | None = None,
        *,
        score: float = 0.99,
        split: Split | None = None,
    ) -> int:
        with store.session() as session:
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=f"/{number}.jpg",
                garment=f"G{number}" if garment is None else garment,
                view="Front",
                garment_type="coat",
            )
            record_photo(session, task.id, digest(number), 60, 40)
            session.execute(update(Task).values(in_audit=False))
            save_prediction(
                session,
                task_id=task.id,
                model_version_id=version.id,
                image_digest=digest(number),
                mask_digest=digest(1000 + number),
                score=score,
                region_scores={},
            )
            if split is not None:
                session.execute(update(Task).where(Task.id == task.id).values(split=split))
                record_annotation(
                    session,
                    project_id=project.id,
                    task_id=task.id,
                    ls_annotation_id=100 + number,
                    mask_digest=digest(2000 + number),
                )
                refresh_labelled(session, [task.id])
            return task.id

    return add


def chosen(store: Store, version: ModelVersion, least_score: float = 0.95) -> list[int]:
    with store.reading() as session:
        found = choose_pseudo_labels(session, version, least_score=least_score)
        return sorted(prediction.task.ls_task_id for prediction in found)


def trains(add, numbers: Iterable[int]) -> None:
    for number in numbers:
        add(number, "trained", split=Split.TRAIN)


def test_sure_photos_of_garments_that_train_are_chosen_and_no_others(
    store: Store, project: Project, version: ModelVersion, add
) -> None:
    trains(add, range(1, 5))
    add(10, "trained")
    add(11, "trained", score=0.95)
    add(12, "trained", score=0.9499)
    for number, split in ((20, Split.GOLD), (30, Split.VALIDATION)):
        add(number, f"of {split}", split=split)
        add(number + 1, f"of {split}")  # another view, which has no split of its own yet
    moved = add(40, "trained")
    with store.session() as session:
        record_photo(session, moved, digest(41), 60, 40)  # another photo since it was predicted
    audited, broken, clicked = (add(number, "trained") for number in (50, 60, 70))
    with store.session() as session:
        session.execute(update(Task).where(Task.id == audited).values(in_audit=True))
        set_task_problem(session, broken, "it is gone", ProblemSource.PHOTO)
        set_task_problem(session, clicked, "a click did nothing", ProblemSource.CLICK)
    assert chosen(store, version) == [10, 11, 70]
    assert chosen(store, version, 0.9) == [10, 11, 12, 70]


def test_masks_of_another_version_and_another_project_are_left(
    store: Store, project: Project, version: ModelVersion, add
) -> None:
    trains(add, range(1, 5))
    add(10, "trained")
    with store.session() as session:
        other = create_version(
            session,
            project.id,
            recipe={},
            labels=["Garment"],
            weights_digest="b" * 64,
            code_version="0.1.0",
        )
    assert chosen(store, other) == []
    assert chosen(store, version) == [10]


def test_half_of_the_untouched_garments_are_left_to_be_gold(
    store: Store, version: ModelVersion, add
) -> None:
    trains(add, range(1, 101))
    for number in range(200, 400):
        add(number, f"garment {number // 2}")
    found = chosen(store, version)
    garments = {number // 2 for number in found}
    assert 30 < len(garments) < 70
    assert found == [number for number in range(200, 400) if number // 2 in garments]
    assert chosen(store, version) == found
    for number in range(400, 440):
        add(number, "")  # each a garment of its own
    assert 8 < sum(number >= 400 for number in chosen(store, version)) < 32


def test_no_more_are_chosen_than_five_a_correction_and_the_same_ones_each_time(
    store: Store, version: ModelVersion, add, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100, 140):
        add(number, "trained", score=0.95 + number / 10_000)
    assert chosen(store, version) == []  # nothing is corrected that trains
    trains(add, range(1, 4))
    found = chosen(store, version)
    assert len(found) == 15
    assert found != list(range(125, 140))  # not just the surest
    assert chosen(store, version) == found
    trains(add, range(4, 5))
    assert set(found) < set(chosen(store, version))
    monkeypatch.setattr(pseudo_labels, "_MOST", 7)
    assert len(chosen(store, version)) == 7


def test_a_few_are_not_worth_a_training(store: Store, project: Project, add) -> None:
    trains(add, range(1, 5))
    with store.reading() as session:
        assert [enough(session, project.id, number) for number in (9, 10)] == [False, True]
    trains(add, range(5, 31))
    with store.reading() as session:
        assert [enough(session, project.id, number) for number in (14, 15)] == [False, True]


def take(store: Store, artifacts: ArtifactStore, version: ModelVersion) -> list[Prediction]:
    """A run on pseudo-labels, as the worker queues it; the predictions that it trains on."""
    with store.session() as session:
        found = list(choose_pseudo_labels(session, version, least_score=0.95))
        snapshot = take_snapshot(
            session, artifacts, version.project_id, ["Garment"], found, version.name
        )
        queue_run(session, version.project_id, snapshot.id, RunTrigger.PSEUDO_LABELS)
        mark_pseudo_labelled(session, found)
        manifest = read_manifest(artifacts, snapshot)
    assert snapshot.counts == {"train": 4, "gold": 1, PSEUDO_LABELS: len(found)}
    assert manifest.teacher == version.name
    pseudo = {item.task: item for item in manifest.items if item.is_pseudo_label}
    assert len(manifest.items) == 5 + len(pseudo)
    for prediction in found:
        item = pseudo.pop(prediction.task.ls_task_id)
        assert (item.split, item.annotation, item.mask_digest, item.garment_type) == (
            Split.TRAIN,
            None,
            prediction.mask_digest,
            "coat",
        )
        assert item.image_digest == prediction.image_digest
    assert pseudo == {}
    return found


def test_a_garment_whose_photo_was_trained_on_never_judges(
    store: Store, artifacts: ArtifactStore, project: Project, version: ModelVersion, add
) -> None:
    trains(add, range(1, 5))
    add(6, "judged", split=Split.GOLD)
    for number in range(100, 140):
        add(number, f"garment {number // 2}")
    used = {prediction.task.garment for prediction in take(store, artifacts, version)}
    assert 3 < len(used) < 17
    splits: dict[str, set[Split]] = {}
    for number in range(100, 140):
        with store.session() as session:
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=f"/{number}.jpg",
                garment=f"garment {number // 2}",
                view="Front",
            )
            split = assign_split(session, task.id, gold_share=0.25, validation_share=0.1)
            splits.setdefault(task.garment, set()).add(split)
    assert all(splits[garment] == {Split.TRAIN} for garment in used)
    # What is due falls to the garments that were left alone.
    judging = [garment for garment, split in splits.items() if Split.TRAIN not in split]
    assert len(judging) >= 5
    with store.reading() as session:
        trained = _used_in_trainings(session, artifacts, project.id)
    assert {item.garment for item in trained.values()} >= used
