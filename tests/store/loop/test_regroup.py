"""Garments of a project: followed until the first split, and grouped again without a leak."""

from collections.abc import Callable
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import StoreError
from hemline.garments.rule import GarmentRule
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.garments import (
    count_garments,
    garment_of,
    garment_rule,
    in_words,
    keep_garments,
    settle_garments,
)
from hemline.store.loop.regroup import (
    Member,
    lock_for_regrouping,
    new_splits,
    plan_regrouping,
    regroup,
)
from hemline.store.loop.splits import assign_split
from hemline.store.loop.tasks import get_task, upsert_task
from hemline.store.models.runs import queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.states import RunTrigger, Split
from hemline.store.tables.loop import Project, Task


class Shares(TypedDict):
    gold_share: float
    validation_share: float


SHARES: Shares = {"gold_share": 0.2, "validation_share": 0.1}


def add(
    store: Store,
    project: Project,
    addresses: list[str],
    garment: Callable[[str], str] | None = None,
    first: int = 1,
) -> list[int]:
    """Registers tasks as the backend does; with `garment`, as an earlier version named them."""
    rows: list[int] = []
    for number, address in enumerate(addresses, start=first):
        with store.session() as session:
            named = garment_of(garment_rule(session, project.id), {}, address, number)
            name, view, by = named if garment is None else (garment(address), "", "")
            rows.append(
                upsert_task(
                    session,
                    project.id,
                    ls_task_id=number,
                    data={},
                    image_url=address,
                    garment=name,
                    view=view,
                    garment_by=by,
                ).id
            )
        if garment is None:
            keep_garments(store, project.id, rows[-1])
    return rows


def split(store: Store, rows: list[int]) -> None:
    for row in rows:
        with store.session() as session:
            assign_split(session, row, **SHARES)


def tasks(store: Store, project: Project, count: int) -> list[Task]:
    with store.reading() as session:
        found = [get_task(session, project.id, number + 1) for number in range(count)]
    return [task for task in found if task is not None]


def test_the_rule_follows_the_addresses_until_the_first_split(
    store: Store, project: Project
) -> None:
    addresses = [f"s3://b/{n}_{k}.jpg" for n in range(4711, 4751) for k in (1, 2)]
    rows = add(store, project, addresses)
    assert len({task.garment for task in tasks(store, project, len(addresses))}) == 40
    settle_garments(store, project.id)
    split(store, rows[:1])
    add(store, project, [f"s3://b/{n}.jpg" for n in range(300)], first=1000)
    with store.reading() as session:
        rule = garment_rule(session, project.id)
        assert rule.settled
        assert rule.layout.numbered
        words = in_words(count_garments(session, project.id), rule)
    assert words == "340 of 380 photos, by file name without its number"


def test_a_project_split_by_an_earlier_rule_is_repaired(
    store: Store, project: Project, artifacts: ArtifactStore
) -> None:
    addresses = [
        f"/data/upload/1/{n:02}{k}a3c4d-coat{n}_{view}.jpg"
        for n in range(10)
        for k, view in enumerate(("Front", "Back"), start=1)
    ]
    rows = add(store, project, addresses, garment=lambda address: address[-25:])
    split(store, rows)
    settle_garments(store, project.id)
    with store.session() as session:
        counts = count_garments(session, project.id)
        assert (counts.garments, counts.earlier) == (20, 20)
        rule = garment_rule(session, project.id)
        plan = plan_regrouping(session, artifacts, project.id, rule, **SHARES)
        assert len(plan.merged) == 10
        assert plan.changes
        regroup(session, project.id, plan)
    after = tasks(store, project, 20)
    splits = {(task.garment, task.split) for task in after}
    assert len(splits) == 10
    assert sum(found is Split.GOLD for _, found in splits) == 2
    with store.reading() as session:
        again = plan_regrouping(session, artifacts, project.id, rule, **SHARES)
        assert not again.changes
        assert count_garments(session, project.id).earlier == 0


def test_all_in_gold_falls_apart(store: Store, project: Project, artifacts: ArtifactStore) -> None:
    addresses = [f"s3://b/style-{n}/front.jpg" for n in range(20)]
    split(store, add(store, project, addresses, garment=lambda _: "front"))
    with store.session() as session:
        plan = plan_regrouping(session, artifacts, project.id, GarmentRule(), **SHARES)
        assert list(plan.parted) == ["front"]
        assert (plan.gold_before, plan.gold_after) == (1, 4)
        regroup(session, project.id, plan)
    found = [task.split for task in tasks(store, project, 20)]
    assert [found.count(s) for s in (Split.GOLD, Split.VALIDATION, Split.TRAIN)] == [4, 2, 14]


def test_what_was_trained_on_is_never_gold_again(
    store: Store, project: Project, artifacts: ArtifactStore
) -> None:
    addresses = [f"s3://b/coat{n}_{view}.jpg" for n in range(10) for view in ("Front", "Back")]
    rows = add(store, project, addresses, garment=lambda address: address)
    split(store, rows)
    with store.session() as session:
        for row in rows:
            record_annotation(
                session,
                project_id=project.id,
                task_id=row,
                ls_annotation_id=row,
                mask_digest=f"{row:064}",
                width=1,
                height=1,
            )
        snapshot = take_snapshot(session, artifacts, project.id, ["garment"])
        run = queue_run(session, project.id, snapshot.id, RunTrigger.COMMAND)
        assert run is not None
        rows_now = [session.get_one(Task, row) for row in rows]
        trained = {
            task.garment.rpartition("/")[2].partition("_")[0]
            for task in rows_now
            if task.split is not Split.GOLD
        }
    with (
        pytest.raises(StoreError, match=f"training {run.id} is queued"),
        store.session() as session,
    ):
        lock_for_regrouping(session, project.id)
    with store.session() as session:
        plan = plan_regrouping(session, artifacts, project.id, GarmentRule(), **SHARES)
        regroup(session, project.id, plan)
    gold = {task.garment for task in tasks(store, project, 20) if task.split is Split.GOLD}
    assert len(trained) > 8
    assert not gold & trained


SPLITS = st.sampled_from([None, *Split])


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=3),
        st.lists(
            st.builds(
                Member,
                st.integers(1, 99),
                st.text("xy", min_size=1, max_size=2),
                SPLITS,
                st.sampled_from([None, Split.TRAIN, Split.VALIDATION]),
            ),
            min_size=1,
            max_size=4,
        ),
    )
)
def test_splits_of_any_regrouping(garments: dict[str, list[Member]]) -> None:
    splits = new_splits(garments, **SHARES)
    for garment, members in garments.items():
        assert (garment in splits) == any(member.split is not None for member in members)
        if garment in splits and any(member.used is not None for member in members):
            assert splits[garment] is not Split.GOLD
    assert splits == new_splits(garments, **SHARES)
