"""What channels say of cut-outs: stored, counted, and known to be of yesterday's masks."""

from datetime import datetime, timedelta

import pytest

from hemline.store.database.clock import database_now
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import delete_annotations, record_annotation
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.models import create_version, promote
from hemline.store.reports.channel_results import (
    NewResult,
    changed_since,
    channel_counts,
    count_refusals,
    known_keys,
    list_results,
    remove_older,
    save_results,
    still_right,
)
from hemline.store.states import ChannelOutcome
from hemline.store.tables.loop import ModelVersion, Project, Task

PASSES, REFUSED = ChannelOutcome.PASSES, ChannelOutcome.REFUSED


@pytest.fixture
def champion(store: Store, project: Project) -> ModelVersion:
    return version(store, project)


@pytest.fixture
def tasks(store: Store, project: Project) -> list[Task]:
    with store.session() as session:
        return [
            upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data={},
                image_url=f"/{number}.jpg",
                garment=f"D{number}",
                view="",
            )
            for number in range(1, 7)
        ]


def version(store: Store, project: Project) -> ModelVersion:
    with store.session() as session:
        made = create_version(
            session,
            project.id,
            recipe={},
            labels=["dress"],
            weights_digest="a" * 64,
            code_version="test",
        )
        promote(session, made.id)
    return made


def predict(store: Store, task: Task, model: ModelVersion) -> int:
    with store.session() as session:
        return save_prediction(
            session,
            task_id=task.id,
            model_version_id=model.id,
            image_digest="b" * 64,
            mask_digest="c" * 64,
            score=0.5,
            region_scores={},
        ).id


def correct(store: Store, project: Project, task: Task, digest: str = "d" * 64) -> int:
    with store.session() as session:
        return record_annotation(
            session,
            project_id=project.id,
            task_id=task.id,
            ls_annotation_id=1000 + task.ls_task_id,
            mask_digest=digest,
        ).id


def result(
    task: Task,
    row: int,
    outcome: ChannelOutcome = PASSES,
    *refused_by: str,
    pack: str = "amazon",
    is_correction: bool = False,
    key: str = "k",
) -> NewResult:
    says = tuple(f"its {check} is wrong" for check in refused_by)
    return NewResult(task.id, row, is_correction, pack, "softened", key, outcome, refused_by, says)


def now(store: Store) -> datetime:
    with store.reading() as session:
        return database_now(session)


def test_the_newer_result_of_a_task_takes_the_older_ones_place(
    store: Store, project: Project, tasks: list[Task], champion: ModelVersion
) -> None:
    row = predict(store, tasks[0], champion)
    mask = correct(store, project, tasks[0])
    at = now(store)
    with store.session() as session:
        save_results(session, project.id, [result(tasks[0], row, REFUSED, "fill", "size")], at)
        save_results(session, project.id, [result(tasks[0], row, pack="ebay")], at)
        new = result(tasks[0], mask, PASSES, is_correction=True, key="new")
        save_results(session, project.id, [new], at + timedelta(seconds=5))
    with store.reading() as session:
        (found,) = list_results(session, project.id, "amazon", outcome=PASSES, limit=5)
        assert (found.annotation_id, found.prediction_id) == (mask, None)
        assert (found.key, found.refused_by, found.says) == ("new", "|", "")
        assert not list_results(session, project.id, "amazon", outcome=REFUSED, limit=5)
        assert known_keys(session, [tasks[0].id, tasks[1].id]) == {
            (tasks[0].id, "amazon"): "new",
            (tasks[0].id, "ebay"): "k",
        }


def test_outcomes_and_refusals_are_counted_by_channel(
    store: Store, project: Project, tasks: list[Task], champion: ModelVersion
) -> None:
    rows = [predict(store, task, champion) for task in tasks]
    at = now(store)
    outcomes = [
        result(tasks[0], rows[0], REFUSED, "fill", "size"),
        result(tasks[1], rows[1], REFUSED, "size"),
        result(tasks[2], rows[2]),
        result(tasks[3], rows[3], ChannelOutcome.NOT_CHECKED),
        result(tasks[4], rows[4], REFUSED, "fill_", pack="ebay"),
    ]
    with store.session() as session:
        save_results(session, project.id, outcomes, at)
        still_right(session, "amazon", [tasks[2].id], at + timedelta(hours=1))
    with store.reading() as session:
        amazon, ebay = channel_counts(session, project.id)
        assert (amazon.pack, amazon.passes, amazon.refused, amazon.not_checked) == (
            "amazon",
            1,
            2,
            1,
        )
        assert (amazon.total, amazon.edge, amazon.checked_at) == (4, "softened", at)
        assert (ebay.pack, ebay.refused, ebay.total) == ("ebay", 1, 1)
        checks = ["fill", "size", "margin", "fil"]
        assert count_refusals(session, project.id, "amazon", checks) == {"fill": 1, "size": 2}
        assert count_refusals(session, project.id, "ebay", ["fill", "fill_"]) == {"fill_": 1}
        assert count_refusals(session, project.id, "amazon", []) == {}


def test_lists_go_on_where_a_page_ended(
    store: Store, project: Project, tasks: list[Task], champion: ModelVersion
) -> None:
    rows = [predict(store, task, champion) for task in tasks]
    checks = ["fill", "size"] * 3
    new = [
        result(task, row, REFUSED, check)
        for task, row, check in zip(tasks, rows, checks, strict=True)
    ]
    with store.session() as session:
        save_results(session, project.id, new, now(store))
    with store.reading() as session:

        def numbers(**more: object) -> list[int]:
            found = list_results(session, project.id, "amazon", outcome=REFUSED, **more)  # type: ignore[arg-type]
            return [row.task.ls_task_id for row in found]

        assert numbers(limit=4) == [1, 2, 3, 4]
        assert numbers(limit=4, after=tasks[3].id) == [5, 6]
        assert numbers(limit=2, check="size") == [2, 4]
        assert numbers(limit=2, check="size", after=tasks[3].id) == [6]


def test_masks_that_changed_since_are_counted(
    store: Store, project: Project, tasks: list[Task], champion: ModelVersion
) -> None:
    def changed() -> int:
        with store.reading() as session:
            return changed_since(session, project.id, "amazon", at)

    rows = [predict(store, task, champion) for task in tasks[:3]]
    correct(store, project, tasks[3])
    at = now(store) + timedelta(milliseconds=1)
    with store.session() as session:
        new = [result(task, row) for task, row in zip(tasks, rows, strict=False)]
        save_results(session, project.id, new, at)
    assert changed() == 0
    while now(store) <= at:
        pass
    correct(store, project, tasks[0])
    assert changed() == 1
    predict(store, tasks[4], champion)
    assert changed() == 2
    with store.session() as session:
        delete_annotations(session, project.id, [1004], database_now(session))
    assert changed() == 3
    # The masks of another champion: those of the one before count as changed, corrections do not.
    other = version(store, project)
    assert changed() == 4  # tasks 1 and 4 by their annotations, 2 and 3 by the champion
    predict(store, tasks[1], other)
    assert changed() == 4


def test_what_a_check_did_not_come_across_is_removed(
    store: Store, project: Project, tasks: list[Task], champion: ModelVersion
) -> None:
    rows = [predict(store, task, champion) for task in tasks[:3]]
    at = now(store)
    with store.session() as session:
        for pack in ("amazon", "ebay"):
            new = [result(task, row, pack=pack) for task, row in zip(tasks, rows, strict=False)]
            save_results(session, project.id, new, at)
        still_right(session, "amazon", [tasks[1].id], at + timedelta(seconds=2))
        remove_older(session, project.id, ["amazon"], at + timedelta(seconds=1))
    with store.reading() as session:
        assert [counts.total for counts in channel_counts(session, project.id)] == [1, 3]
