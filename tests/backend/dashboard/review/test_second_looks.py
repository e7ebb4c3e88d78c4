"""What a reviewer does with a label beside a verdict: back to its annotator, or a blind twin."""

import re

import pytest

from hemline.store.review.blind_twins import keep_compared, twins_of_task
from hemline.store.review.returned import returns_of_task
from hemline.store.review.review_order import review_page
from hemline.store.states import ReturnState, ReviewKind, ReviewState, Verdict
from hemline.store.tables.review import ReviewItem
from tests.backend.dashboard.visitor import Visitor

COMMENT = "the <hem> is cut off"


@pytest.fixture
def visitor(filled):
    return Visitor(filled)


def first_item(backend):
    with backend.store.reading() as session:
        return review_page(session, 1, ReviewKind.LABEL, limit=1).items[0]


def press(visitor, item, action, **more):
    return visitor.post(
        "/dashboard/1/flagged", do=f"{item.id} {item.revision} {action}", page="image", **more
    )


def again(backend, item):
    with backend.store.reading() as session:
        return session.get_one(ReviewItem, item.id)


def test_a_label_goes_back_with_a_comment_and_can_be_taken_back(filled, visitor):
    item = first_item(filled)
    address = f"/dashboard/1/image/{item.task.ls_task_id}"
    annotator = item.annotation.annotator
    assert f"Send back to {annotator}" in visitor.see(address)
    press(visitor, item, "annotator", comment=COMMENT)
    page = visitor.see(address)
    assert f"Waits for {annotator}: the &lt;hem&gt; is cut off" in page
    assert "Send back to" not in page
    with filled.store.reading() as session:
        (sent,) = returns_of_task(session, item.task_id)
    judged = again(filled, item)
    assert (sent.annotator, sent.comment, sent.state) == (annotator, COMMENT, ReturnState.WAITING)
    assert (judged.state, judged.verdict) == (ReviewState.CLOSED, Verdict.LABEL_WRONG)
    seen = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", visitor.see("/dashboard/1/annotators")))
    assert f"Annotator Wait Corrected Saved unchanged {annotator} 1 0 0" in seen
    assert "send back" in visitor.see("/dashboard/1/activity")

    press(visitor, judged, "back")
    with filled.store.reading() as session:
        assert returns_of_task(session, item.task_id)[0].state == ReturnState.WITHDRAWN
    assert again(filled, item).state == ReviewState.OPEN
    assert f"Taken back from {annotator}" in visitor.see(address)


def test_what_was_sent_to_review_can_go_to_its_annotator_and_what_is_fine_cannot(filled, visitor):
    item = first_item(filled)
    press(visitor, item, "review")
    press(visitor, again(filled, item), "annotator")
    with filled.store.reading() as session:
        assert len(returns_of_task(session, item.task_id)) == 1
    other = first_item(filled)
    press(visitor, other, "fine")
    answer = press(visitor, again(filled, other), "annotator")
    assert "has another verdict; take it back first" in answer.get_data(as_text=True)


def test_a_blind_twin_is_asked_for_once_and_its_agreement_shown(filled, visitor):
    item = first_item(filled)
    address = f"/dashboard/1/image/{item.task.ls_task_id}"
    assert "Ask for a blind twin" in visitor.see(address)
    press(visitor, item, "twin")
    page = visitor.see(address)
    assert "Waits for somebody else" in page
    assert "Ask for a blind twin" not in page
    assert "1 waits for a second mask" in visitor.see("/dashboard/1/annotators")
    assert again(filled, item).state == ReviewState.OPEN  # a twin is no verdict
    with filled.store.session() as session:
        (twin,) = twins_of_task(session, item.task_id)
        keep_compared(session, twin, drawn_by="zoe", dice=0.9312, outline_px=4.4)
    assert "Dice 0.931, outline within 4 px" in visitor.see(address)
    seen = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", visitor.see("/dashboard/1/annotators")))
    assert f"{item.annotation.annotator} and zoe 1 0.931 4.4 px" in seen
