"""Projects: updated in part, reconciled forwards only."""

from datetime import UTC, datetime, timedelta

import pytest

from hemline.errors import StoreError
from hemline.store.database.engine import Store
from hemline.store.loop.projects import (
    forget_reconciled,
    get_project,
    known_project,
    list_projects,
    lock_project,
    set_reconciled,
    upsert_project,
)
from hemline.store.tables.loop import Project


def test_a_project_is_inserted_once_and_updated_in_part(store: Store) -> None:
    with store.session() as session:
        first = upsert_project(session, ls_project_id=3, title="Tops", label_config="<View/>")
    with store.session() as session:
        second = upsert_project(session, ls_project_id=3, ls_key="3.17")
    assert first.id == second.id
    assert (second.title, second.label_config, second.ls_key) == ("Tops", "<View/>", "3.17")
    assert second.updated_at >= first.updated_at


def test_a_config_without_a_problem_clears_the_problem(store: Store) -> None:
    with store.session() as session:
        upsert_project(session, ls_project_id=3, label_config="<a/>", problem="no image")
        upsert_project(session, ls_project_id=3, title="Tops")
        project = get_project(session, 3)
        assert project is not None
        assert project.problem == "no image"
        project = upsert_project(session, ls_project_id=3, label_config="<b/>")
        assert project.problem is None


def test_a_problem_may_come_alone(store: Store, project: Project) -> None:
    with store.session() as session:
        assert upsert_project(session, ls_project_id=7, problem="no brush").problem == "no brush"


def test_projects_are_listed_by_label_studios_id(store: Store) -> None:
    with store.session() as session:
        for number in (5, 2, 9):
            upsert_project(session, ls_project_id=number)
        assert [project.ls_project_id for project in list_projects(session)] == [2, 5, 9]
        assert get_project(session, 4) is None


def test_a_project_that_was_never_seen_is_named_with_what_to_do(
    store: Store, project: Project
) -> None:
    with store.reading() as session:
        assert known_project(session, 7).id == project.id
        with pytest.raises(StoreError, match=r"project 8 is not known; .*`hemline connect 8`"):
            known_project(session, 8)


def test_reconciling_never_moves_back(store: Store, project: Project) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    for until in (moment, moment - timedelta(days=1)):
        with store.session() as session:
            set_reconciled(session, project.id, until)
    with store.reading() as session:
        stored = get_project(session, 7)
    assert stored is not None
    assert stored.reconciled_until == moment


def test_reconciling_can_begin_anew(store: Store, project: Project) -> None:
    with store.session() as session:
        set_reconciled(session, project.id, datetime(2026, 3, 1, tzinfo=UTC))
        forget_reconciled(session, project.id)
    with store.reading() as session:
        stored = get_project(session, 7)
    assert stored is not None
    assert stored.reconciled_until is None


def test_locking_a_project_that_is_not_there_names_it(store: Store) -> None:
    with pytest.raises(StoreError, match="project 12 is not in the store"), store.session() as s:
        lock_project(s, 12)
