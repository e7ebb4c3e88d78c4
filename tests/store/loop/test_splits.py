"""Splits: views of a garment together, shares kept from the first garment on, and for good."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.splits import _due_split, assign_split, garments_to_gold
from hemline.store.loop.tasks import upsert_task
from hemline.store.states import Split
from hemline.store.tables.loop import Project


def _tasks(store: Store, project_id: int, garments: list[str]) -> list[int]:
    with store.session() as session:
        return [
            upsert_task(
                session,
                project_id,
                ls_task_id=number,
                data={},
                image_url="",
                garment=garment,
                view="",
            ).id
            for number, garment in enumerate(garments, start=1)
        ]


def _assign(store: Store, ids: list[int], gold: float = 0.2, validation: float = 0.1) -> list[str]:
    splits = []
    for task_id in ids:
        with store.session() as session:
            splits.append(
                assign_split(session, task_id, gold_share=gold, validation_share=validation).value
            )
    return splits


def test_gold_comes_first_and_then_once_in_five(store: Store, project: Project) -> None:
    splits = _assign(store, _tasks(store, project.id, [f"G{n}" for n in range(20)]))
    assert [n for n, split in enumerate(splits) if split == "gold"] == [0, 5, 10, 15]
    assert Counter(splits) == {"gold": 4, "validation": 2, "train": 14}
    assert splits[1] == "train"


def test_all_views_of_a_garment_share_a_split(store: Store, project: Project) -> None:
    garments = [f"G{n % 10}" for n in range(30)]
    splits = _assign(store, _tasks(store, project.id, garments))
    by_garment: dict[str, set[str]] = {}
    for garment, split in zip(garments, splits, strict=True):
        by_garment.setdefault(garment, set()).add(split)
    assert all(len(found) == 1 for found in by_garment.values())
    assert Counter(next(iter(found)) for found in by_garment.values())["gold"] == 2


def test_a_split_never_changes(store: Store, project: Project) -> None:
    ids = _tasks(store, project.id, [f"G{n}" for n in range(6)])
    first = _assign(store, ids)
    assert _assign(store, ids, gold=0.9, validation=0.05) == first


def test_tasks_without_a_garment_stand_alone(store: Store, project: Project) -> None:
    splits = _assign(store, _tasks(store, project.id, [""] * 6))
    assert Counter(splits)["gold"] == 2


def test_projects_count_their_own_garments(store: Store, project: Project) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
    assert _assign(store, _tasks(store, project.id, ["G1"])) == ["gold"]
    assert _assign(store, _tasks(store, other.id, ["G1", "G2"])) == ["gold", "train"]


@given(
    gold=st.floats(0.01, 0.6),
    validation=st.floats(0.0, 0.4),
    number=st.integers(1, 200),
)
def test_shares_are_kept_to_within_one_garment(gold: float, validation: float, number: int) -> None:
    counts: Counter[Split] = Counter()
    for seen in range(1, number + 1):
        counts[_due_split(counts, gold, validation)] += 1
        assert -1e-6 <= counts[Split.GOLD] - seen * gold < 1
        assert abs(counts[Split.VALIDATION] - seen * validation) <= 1.5


def test_a_task_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="task 5 is not in the store"), store.session() as session:
        assign_split(session, 5, gold_share=0.2, validation_share=0.1)


def test_processes_on_views_of_one_garment_agree(
    store: Store, store_url: str, project: Project, contenders: Any
) -> None:
    """Forty garments, each view in another process, in other orders."""
    garments = [f"G{n // 2}" for n in range(80)]
    ids = _tasks(store, project.id, garments)
    fronts, backs = ids[0::2], ids[1::2]
    front_splits, back_splits = contenders.run(store_url, "split", [fronts, backs[::-1]])
    assert front_splits == back_splits[::-1]
    assert Counter(front_splits) == {"gold": 8, "validation": 4, "train": 28}


def test_a_garments_views_agree_whatever_else_is_given_between(
    store: Store, project: Project, while_open: Any
) -> None:
    """The front is given but not committed when another garment and the back are asked for."""
    front, other, back = _tasks(store, project.id, ["G0", "G1", "G0"])

    def give_front(session: Session) -> Split:
        return assign_split(session, front, gold_share=0.2, validation_share=0.1)

    first, rest = while_open(give_front, lambda: _assign(store, [other, back]))
    assert (first, rest) == (Split.GOLD, ["train", "gold"])


def test_threads_on_one_task_agree(store: Store, project: Project, in_threads: Any) -> None:
    ids = _tasks(store, project.id, ["G0", "G1"])
    _assign(store, ids[:1])

    def act(_: int) -> Split:
        with store.session() as session:
            return assign_split(session, ids[1], gold_share=0.2, validation_share=0.1)

    assert set(in_threads(6, act)) == {Split.TRAIN}


@given(st.integers(5, 12), st.integers(1, 60))
def test_gold_fills_early_and_then_keeps_its_share(minimum: int, number: int) -> None:
    counts: Counter[Split] = Counter()
    for seen in range(1, number + 1):
        wanted = garments_to_gold(
            dict(counts), 1, gold_share=0.25, validation_share=0.1, gold_minimum=minimum
        )
        split = _due_split(counts, 0.25, 0.1, minimum)
        assert (wanted == 1) == (split is Split.GOLD)
        counts[split] += 1
        assert counts[Split.GOLD] >= min(minimum, round(seen * 2 / 3))
        assert seen < 2 or counts[Split.TRAIN] > 0
    if number >= 4 * minimum:
        assert counts[Split.GOLD] <= number * 0.25 + 1
        assert abs(counts[Split.VALIDATION] - number * 0.1) <= 1.5


def test_five_gold_garments_need_seven() -> None:
    assert garments_to_gold({}, 5, gold_share=0.25, validation_share=0.1, gold_minimum=5) == 7
    counts: Counter[Split] = Counter()
    for _ in range(20):
        counts[_due_split(counts, 0.25, 0.1, 5)] += 1
    assert counts == {Split.GOLD: 5, Split.VALIDATION: 2, Split.TRAIN: 13}
