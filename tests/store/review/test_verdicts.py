"""Verdicts of people on items of the review order."""

import pytest

from hemline.errors import StoreError
from hemline.store.database.engine import Store
from hemline.store.review.review_order import (
    Cursor,
    get_item,
    item_of_task,
)
from hemline.store.review.verdicts import (
    StaleItemError,
    give_verdict,
    reopen,
    settle_label,
    verdicts_of,
)
from hemline.store.review.write_order import close_items, drop_item
from hemline.store.states import ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Task
from tests.store.review.placed_items import LABEL, annotate, item_of, put, ranked


def test_a_verdict_closes_the_item_until_the_label_is_another(store: Store, task: Task) -> None:
    put(store, ranked(task, 0.9))
    with store.session() as session:
        give_verdict(session, item_of(store, task).id, Verdict.BOTH_FINE, by="eve")
    put(store, ranked(task, 0.95))  # ranked again, the same label
    closed = item_of(store, task)
    assert (closed.state, closed.verdict, closed.verdict_by) == (
        ReviewState.CLOSED,
        Verdict.BOTH_FINE,
        "eve",
    )
    put(store, ranked(task, 0.4, content_digest="c" * 64))
    opened = item_of(store, task)
    assert (opened.state, opened.verdict, opened.verdict_by) == (ReviewState.OPEN, None, "")
    with store.reading() as session:
        (kept,) = verdicts_of(session, task.project_id)
    assert (kept.verdict, kept.content_digest) == (Verdict.BOTH_FINE, "a" * 64)


def test_the_second_of_two_people_is_told(store: Store, task: Task) -> None:
    put(store, ranked(task, 0.9))
    read = item_of(store, task)
    with store.session() as session:
        give_verdict(session, read.id, Verdict.LABEL_WRONG, by="eve", revision=read.revision)
    with pytest.raises(StaleItemError, match="changed in the meantime"), store.session() as session:
        give_verdict(session, read.id, Verdict.MODEL_WRONG, by="adam", revision=read.revision)
    assert item_of(store, task).verdict == Verdict.LABEL_WRONG
    with store.reading() as session:
        assert len(verdicts_of(session, task.project_id)) == 1


def test_a_verdict_can_be_taken_back(store: Store, task: Task) -> None:
    put(store, ranked(task, 0.9))
    with store.session() as session:
        closed = give_verdict(session, item_of(store, task).id, Verdict.LABEL_WRONG, by="eve")
        reopen(session, closed.id, revision=closed.revision)
    assert item_of(store, task).state == ReviewState.OPEN
    with store.reading() as session:
        assert verdicts_of(session, task.project_id) == []


def test_a_verdict_in_the_save_that_mends_the_label_is_about_the_label_before(
    store: Store, task: Task
) -> None:
    annotation = annotate(store, task, "d" * 64)
    put(store, ranked(task, 0.9, annotation_id=annotation.id, content_digest="d" * 64))
    mended = annotate(store, task, "e" * 64)
    with store.session() as session:
        settle_label(session, mended, Verdict.LABEL_WRONG, judged_digest="d" * 64, by="eve")
    put(store, ranked(task, 0.1, annotation_id=annotation.id, content_digest="e" * 64))
    assert item_of(store, task).state == ReviewState.CLOSED
    with store.reading() as session:
        assert [v.content_digest for v in verdicts_of(session, task.project_id)] == ["d" * 64]


def test_a_verdict_on_what_was_never_ranked_is_kept(store: Store, task: Task) -> None:
    annotation = annotate(store, task, "d" * 64)
    with store.session() as session:
        settle_label(session, annotation, Verdict.MODEL_WRONG, judged_digest="d" * 64, by="eve")
    assert item_of(store, task).verdict == Verdict.MODEL_WRONG
    with store.reading() as session:
        assert verdicts_of(session, task.project_id)[0].dice == 0.8


def test_items_are_dropped_and_closed(store: Store, task: Task) -> None:
    put(store, ranked(task, 0.9))
    with store.session() as session:
        close_items(session, [task.id], LABEL)
    assert item_of(store, task).state == ReviewState.CLOSED
    with store.session() as session:
        drop_item(session, task.id, ReviewKind.PHOTO)
        assert item_of_task(session, task.id, LABEL) is not None
        drop_item(session, task.id, LABEL)
        assert item_of_task(session, task.id, LABEL) is None


def test_what_is_not_there_is_said(store: Store) -> None:
    with store.session() as session:
        assert get_item(session, 999) is None
        with pytest.raises(StoreError, match="999"):
            give_verdict(session, 999, Verdict.BOTH_FINE, by="eve")
    for text in ("", "x", "0.5", "0.5_", "1_2_3", "nan_3", "inf_3", "-1_3"):
        with pytest.raises(StoreError, match="not a place"):
            Cursor.parse(text)
