"""The page on problems: a reviewer confirms a save that is held, once."""

import pytest
from sqlalchemy import select, update

from hemline.store.loop.annotations import corrections_since
from hemline.store.people import list_events
from hemline.store.states import Role
from hemline.store.tables.loop import Annotation, Task
from tests.backend.dashboard.pages.test_pages import text
from tests.backend.dashboard.visitor import Visitor

WHY = "annotation 1 is left out: nothing is drawn"


@pytest.fixture
def held(filled):
    """Label Studio's number of a task whose only correction is held."""
    with filled.store.session() as session:
        row = session.scalars(select(Annotation).where(Annotation.mask_digest.is_not(None))).first()
        session.execute(
            update(Annotation)
            .where(Annotation.id == row.id)
            .values(mask_digest=None, held_digest=row.mask_digest, problem=WHY)
        )
        return session.get(Task, row.task_id).ls_task_id


def corrections(filled):
    with filled.store.reading() as session:
        return corrections_since(session, 1, None)


def test_a_reviewer_confirms_a_save_that_is_held(filled, held):
    visitor = Visitor(filled, role=Role.REVIEWER)
    before = corrections(filled)
    page = visitor.see("/dashboard/1/problems")
    assert WHY in text(page)
    assert f"/dashboard/1/problems/{held}/confirm" in page
    assert visitor.post(f"/dashboard/1/problems/{held}/confirm").status_code in (302, 303)
    assert f"Task {held} is confirmed" in text(visitor.see("/dashboard/1/problems"))
    assert corrections(filled) == before + 1
    with filled.store.reading() as session:
        event = list_events(session)[0]
    assert (event.action, event.target) == ("confirm save", f"task {held}")
    visitor.post(f"/dashboard/1/problems/{held}/confirm")  # somebody was faster
    assert "Nothing was changed" in text(visitor.see("/dashboard/1/problems"))
    assert corrections(filled) == before + 1


def test_who_may_only_look_sees_no_button_and_cannot_confirm(filled, held):
    visitor = Visitor(filled, role=Role.VIEWER)
    page = visitor.see("/dashboard/1/problems")
    assert WHY in text(page)
    assert "/confirm" not in page
    assert visitor.post(f"/dashboard/1/problems/{held}/confirm").status_code == 403
