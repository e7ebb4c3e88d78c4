"""The review order: its pages, its filters, its reasons, and the verdicts that close items."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hemline.reasons import Evidence, Reason
from hemline.store.database.engine import Store
from hemline.store.loop.predictions import save_prediction
from hemline.store.models.models import create_version
from hemline.store.review.review_order import (
    Cursor,
    ReviewFilter,
    count_reasons,
    drawn_items,
    rank_of,
    reasons_of,
    review_page,
)
from hemline.store.review.verdicts import (
    give_verdict,
)
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Project, Task
from hemline.store.tables.review import ReviewItem
from tests.store.review.placed_items import LABEL, add_task, annotate, item_of, put, ranked

ANY = ReviewFilter(state=None)


def test_pages_give_each_item_once_and_in_order_ties_included(
    store: Store, project: Project
) -> None:
    priorities = [0.5, 0.5, 0.9, 0.1, 0.5, 0.0, 1.0]
    tasks = [add_task(store, project, number + 1) for number in range(len(priorities))]
    put(store, *(ranked(task, value) for task, value in zip(tasks, priorities, strict=True)))
    seen: list[ReviewItem] = []
    after: Cursor | None = None
    for _ in range(4):
        with store.reading() as session:
            page = review_page(session, project.id, LABEL, after=after, limit=2)
        seen += page.items
        after = Cursor.parse(str(page.after)) if page.after else None
        if after is None:
            break
    assert [item.priority for item in seen] == sorted(priorities, reverse=True)
    assert len({item.id for item in seen}) == len(priorities)
    with store.reading() as session:
        assert [rank_of(session, item) for item in seen] == list(range(1, 8))


def test_the_two_orders_and_two_projects_are_apart(
    store: Store, project: Project, task: Task
) -> None:
    put(store, ranked(task, 0.3), ranked(task, 0.7, kind=ReviewKind.PHOTO))
    with store.reading() as session:
        assert [i.priority for i in review_page(session, project.id, LABEL).items] == [0.3]
        assert review_page(session, project.id + 1, LABEL).items == []


def test_reasons_are_counted_several_at_once(store: Store, project: Project) -> None:
    pale = Evidence(Reason.LOW_CONTRAST, 2.0, 91.0, "pale")
    both, one = [pale, Evidence(Reason.LIMITED_DATA, 0.9, None, "rare")], [pale]
    held = [both, one, one, []]
    for number, reasons in enumerate(held, start=1):
        put(store, ranked(add_task(store, project, number), 0.5, reasons=reasons))
    with store.reading() as session:
        counts = count_reasons(session, project.id, LABEL)
        low = review_page(
            session, project.id, LABEL, only=ReviewFilter(reason=Reason.LIMITED_DATA)
        ).items
    assert counts.total == 4
    assert counts.each[Reason.LOW_CONTRAST] == 3
    assert counts.each[Reason.BAD_GROUND_TRUTH] == 0
    assert counts.together[frozenset({Reason.LOW_CONTRAST, Reason.LIMITED_DATA})] == 1
    assert counts.together[frozenset()] == 1
    assert counts.share(Reason.LOW_CONTRAST) == 0.75
    assert [reasons_of(item) for item in low] == [[Reason.LOW_CONTRAST, Reason.LIMITED_DATA]]
    assert low[0].reasons["low_contrast"] == {
        "number": 2.0,
        "percentile": 91.0,
        "sentence": "pale",
        "region": None,
    }


def test_the_way_back_leads_over_the_same_pages(store: Store, project: Project) -> None:
    priorities = [0.5, 0.5, 0.9, 0.1, 0.5, 0.0, 1.0]
    tasks = [add_task(store, project, number + 1) for number in range(len(priorities))]
    put(store, *(ranked(task, value) for task, value in zip(tasks, priorities, strict=True)))
    with store.reading() as session:
        there = [review_page(session, project.id, LABEL, limit=3)]
        while (after := there[-1].after) is not None:
            there.append(review_page(session, project.id, LABEL, after=after, limit=3))
        back = [there[-1]]
        while (before := back[0].before) is not None:
            back.insert(0, review_page(session, project.id, LABEL, before=before, limit=3))
    assert [len(page.items) for page in there] == [3, 3, 1]
    assert [page.items for page in back] == [page.items for page in there]
    assert there[0].before is None
    assert back[0].after == there[0].after
    assert back[0].before is None


def test_all_states_are_one_order_both_ways(store: Store, project: Project) -> None:
    priorities = [0.5, 0.5, 0.9, 0.1, 0.5, 0.0, 1.0, 0.5]
    tasks = [add_task(store, project, number + 1) for number in range(len(priorities))]
    put(store, *(ranked(task, value) for task, value in zip(tasks, priorities, strict=True)))
    with store.session() as session:
        for task in tasks[::2]:
            give_verdict(session, item_of(store, task).id, Verdict.BOTH_FINE, by="ann")
    expected = sorted((item_of(store, task) for task in tasks), key=lambda i: (-i.priority, -i.id))
    with store.reading() as session:
        there = [review_page(session, project.id, LABEL, limit=3, only=ANY)]
        while (after := there[-1].after) is not None:
            there.append(review_page(session, project.id, LABEL, after=after, limit=3, only=ANY))
        back = [there[-1]]
        while (before := back[0].before) is not None:
            back.insert(
                0, review_page(session, project.id, LABEL, before=before, limit=3, only=ANY)
            )
        judged = ReviewFilter(state=None, verdict=Verdict.BOTH_FINE)
        found = review_page(session, project.id, LABEL, only=judged).items
    assert [item.id for page in there for item in page.items] == [item.id for item in expected]
    assert [page.items for page in back] == [page.items for page in there]
    assert {item.task_id for item in found} == {task.id for task in tasks[::2]}


@pytest.mark.parametrize("few", [0, 2, 1000])
def test_few_and_many_are_found_alike(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("hemline.store.review.review_order._FEW", few)
    fronts = [add_task(store, project, number) for number in (1, 2, 3)]
    back = add_task(store, project, 4, "Back")
    annotations = [annotate(store, task, f"{task.id:064x}") for task in (fronts[0], back)]
    by_task = {annotation.task_id: annotation.id for annotation in annotations}
    put(
        store,
        *(
            ranked(task, 0.1 * task.ls_task_id, annotation_id=by_task.get(task.id))
            for task in (*fronts, back)
        ),
    )
    wanted = {
        ReviewFilter(view="Front"): [3, 2, 1],
        ReviewFilter(view="Back"): [4],
        ReviewFilter(garment="D2"): [2],
        ReviewFilter(annotator="ann@x.org"): [4, 1],
        ReviewFilter(annotator="ann@x.org", view="Front", state=None): [1],
        ReviewFilter(view="Side"): [],
        ReviewFilter(annotator="nobody"): [],
    }
    with store.reading() as session:
        for only, numbers in wanted.items():
            page = review_page(session, project.id, LABEL, only=only)
            assert [item.task.ls_task_id for item in page.items] == numbers, only
            assert count_reasons(session, project.id, LABEL, only).total == len(numbers)


def test_filters_narrow_an_order(store: Store, project: Project) -> None:
    front, back = add_task(store, project, 1), add_task(store, project, 2, "Back")
    annotation = annotate(store, front, "b" * 64)
    put(store, ranked(front, 0.5, annotation_id=annotation.id), ranked(back, 0.6))
    with store.reading() as session:

        def ids(only: ReviewFilter) -> list[int]:
            found = [i.task_id for i in review_page(session, project.id, LABEL, only=only).items]
            assert count_reasons(session, project.id, LABEL, only).total == len(found)
            return found

        assert ids(ReviewFilter(view="Back")) == [back.id]
        assert ids(ReviewFilter(garment="D1")) == [front.id]
        assert ids(ReviewFilter(label="sleeve")) == []
        assert ids(ReviewFilter(annotator="ann@x.org")) == [front.id]
        assert ids(ReviewFilter(garment_type="Dress")) == []
        assert ids(ReviewFilter(model_version_id=1)) == []
        assert ids(ReviewFilter(state=ReviewState.CLOSED)) == []


ODD_LABELS = [
    "top",
    'a"b',
    '"',
    "it's",
    "a.b",
    "$",
    "$.top",
    "[0]",
    "*",
    "a\\b",
    "\\",
    "<b>",
    "100 %",
    "_",
    " top",
    "Kleid ärmellos",
    "裙",
    ":label",
    "?",
    "a\nb",
    "'; DROP TABLE task; --",
]


def test_a_label_is_filtered_by_whatever_characters_it_is_made_of(
    store: Store, project: Project
) -> None:
    tasks = [add_task(store, project, number + 1) for number in range(len(ODD_LABELS))]
    with store.session() as session:
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=ODD_LABELS,
            weights_digest="e" * 64,
            code_version="0",
        )
        predictions = [
            save_prediction(
                session,
                task_id=task.id,
                model_version_id=version.id,
                image_digest="a" * 64,
                mask_digest="b" * 64,
                score=0.5,
                region_scores={label: 0.5, "other": 0.1},
            )
            for task, label in zip(tasks, ODD_LABELS, strict=True)
        ]
    put(
        store,
        *(
            ranked(task, 0.5, prediction_id=prediction.id)
            for task, prediction in zip(tasks, predictions, strict=True)
        ),
    )
    with store.reading() as session:
        for task, label in zip(tasks, ODD_LABELS, strict=True):
            page = review_page(session, project.id, LABEL, only=ReviewFilter(label=label))
            assert [item.task_id for item in page.items] == [task.id], label
        assert count_reasons(session, project.id, LABEL, ReviewFilter(label="other")).total == len(
            tasks
        )
        assert count_reasons(session, project.id, LABEL, ReviewFilter(label="a\x00b")).total == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 7.0])
def test_what_is_no_priority_is_brought_into_range(store: Store, task: Task, value: float) -> None:
    put(store, ranked(task, value))
    expected = 1.0 if value > 1 else 0.0
    assert item_of(store, task).priority == expected


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 1), st.integers(0, 2**31))
def test_a_place_survives_being_written(priority: float, number: int) -> None:
    assert Cursor.parse(str(Cursor(priority, number))) == Cursor(priority, number)


def test_what_is_drawn_is_from_all_of_the_order(store: Store, project: Project) -> None:
    put(store, *(ranked(add_task(store, project, k), k / 100) for k in range(100)))
    with store.session() as session:
        closed = review_page(session, project.id, LABEL, limit=1).items[0]
        give_verdict(session, closed.id, Verdict.BOTH_FINE, by="anna")

    def drawn(seed: int) -> list[float]:
        with store.reading() as session:
            found = drawn_items(session, project.id, LABEL, limit=10, seed=seed)
        return [item.priority for item in found]

    assert drawn(0) == drawn(0)
    assert all(len(set(drawn(seed))) == 10 for seed in range(20))
    every = [priority for seed in range(200) for priority in drawn(seed)]
    assert 0.45 < sum(every) / len(every) < 0.55
    assert max(every) == 0.98  # what is settled is not asked for again
    assert len(set(every)) > 80
