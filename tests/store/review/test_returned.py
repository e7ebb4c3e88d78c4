"""Labels that are sent back to their annotators."""

from datetime import UTC, datetime

import pytest

from hemline.errors import StoreError
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.review.blind_twins import ask_for_twin, keep_compared, twin_agreements
from hemline.store.review.label_review import review_saved
from hemline.store.review.returned import ReturnCounts, count_returns, returns_to_show, send_back
from hemline.store.review.verdicts import give_verdict
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Annotation, Task
from tests.store.review.placed_items import annotate, item_of, put, ranked

NAME = "ann@x.org"


@pytest.fixture
def label(store: Store, task: Task) -> Annotation:
    """The task's label, in the order."""
    made = annotate(store, task, "a" * 64)
    put(store, ranked(task, 0.9, annotation_id=made.id))
    return made


def save(store: Store, label: Annotation, digest: str | None, **more: object) -> None:
    """The annotation is saved again in Label Studio, by its annotator."""
    with store.session() as session:
        saved = record_annotation(
            session,
            project_id=label.project_id,
            task_id=label.task_id,
            ls_annotation_id=label.ls_annotation_id,
            mask_digest=digest,
            annotator=NAME,
            ls_updated_at=datetime(2031, 1, 1, tzinfo=UTC),
            **more,  # type: ignore[arg-type]
        )
        review_saved(session, saved, mask_before="a" * 64, verdict_before=label.verdict, by=NAME)


def send(store: Store, task: Task, comment: str = "") -> None:
    with store.session() as session:
        send_back(session, item_of(store, task).id, by="rae", comment=comment)


def counts(store: Store, project_id: int) -> dict[str, ReturnCounts]:
    with store.reading() as session:
        return count_returns(session, project_id)


@pytest.mark.parametrize(
    ("digest", "more", "expected"),
    [
        ("b" * 64, {}, {NAME: ReturnCounts(corrected=1)}),
        ("a" * 64, {}, {NAME: ReturnCounts(unchanged=1)}),
        (None, {"problem": "held as lost work"}, {NAME: ReturnCounts(waiting=1)}),
        (None, {"was_cancelled": True}, {}),
        ("a" * 64, {"verdict": Verdict.LABEL_WRONG}, {NAME: ReturnCounts(unchanged=1)}),
    ],
)
def test_what_becomes_of_it(
    store: Store,
    task: Task,
    label: Annotation,
    digest: str | None,
    more: dict[str, object],
    expected: dict[str, ReturnCounts],
) -> None:
    send(store, task, "hem")
    assert counts(store, task.project_id) == {NAME: ReturnCounts(waiting=1)}
    save(store, label, digest, **more)
    assert counts(store, task.project_id) == expected
    with store.reading() as session:
        waits = bool(expected.get(NAME, ReturnCounts()).waiting)
        assert bool(returns_to_show(session, task.project_id)) == waits


def test_a_verdict_that_all_is_fine_ends_the_wait(
    store: Store, task: Task, label: Annotation
) -> None:
    send(store, task)
    with store.session() as session:
        found = session.get_one(Annotation, label.id)
        found.verdict = Verdict.BOTH_FINE
        review_saved(session, found, mask_before="a" * 64, verdict_before=None, by="rae")
    assert counts(store, task.project_id) == {}


def test_what_cannot_be_sent_back_is_a_sentence(store: Store, task: Task) -> None:
    put(store, ranked(task, 0.9))
    with pytest.raises(StoreError, match="has no label that could be sent back"):
        send(store, task)
    put(store, ranked(task, 0.9, annotation_id=annotate(store, task, "a" * 64).id))
    with pytest.raises(StoreError, match="501 characters; give at most 500"):
        send(store, task, "x" * 501)
    with store.session() as session:
        give_verdict(session, item_of(store, task).id, Verdict.MODEL_WRONG, by="rae")
    with pytest.raises(StoreError, match="has another verdict; take it back first"):
        send(store, task)
    with pytest.raises(StoreError, match="reload the order"), store.session() as session:
        send_back(session, 12345, by="rae")


def test_agreement_is_counted_by_pair_whoever_was_first(
    store: Store, task: Task, label: Annotation
) -> None:
    for drawn_by, dice, outline in (("ben", 0.9, 4.0), ("ben", 0.7, 8.0), ("abe", 1.0, 0.0)):
        with store.session() as session:
            twin = ask_for_twin(session, session.get_one(Task, task.id), by="rae")
            keep_compared(session, twin, drawn_by=drawn_by, dice=dice, outline_px=outline)
    with store.reading() as session:
        found = twin_agreements(session, task.project_id)
    assert [(own.one, own.other, own.twins) for own in found] == [
        (NAME, "ben", 2),
        ("abe", NAME, 1),
    ]
    assert found[0].dice == pytest.approx(0.8)
    assert found[0].outline_px == pytest.approx(6.0)
    assert item_of(store, task).kind == ReviewKind.LABEL
