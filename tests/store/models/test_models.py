"""Model versions: numbers without gaps, exactly one champion, and the way back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models import models
from hemline.store.models.models import (
    champion,
    create_version,
    find_version,
    find_versions,
    get_version,
    list_served,
    list_versions,
    promote,
    reject,
    rollback,
)
from hemline.store.states import ModelState
from hemline.store.tables.loop import ModelVersion, Project

DAY = datetime(2026, 5, 1, tzinfo=UTC)


def _create(store: Store, project: Project, **columns: Any) -> ModelVersion:
    values = {
        "recipe": {"name": "hemline"},
        "labels": ["Top", "Skirt"],
        "weights_digest": "a" * 64,
        "code_version": "0.1.0",
    }
    with store.session() as session:
        return create_version(session, project.id, **{**values, **columns})


def _promote(store: Store, version: ModelVersion, day: int = 0) -> None:
    with store.session() as session:
        promote(session, version.id, now=DAY + timedelta(days=day))


def _states(store: Store, project: Project) -> list[str]:
    with store.reading() as session:
        return [version.state.value for version in list_versions(session, project.id)]


def _champion(store: Store, project: Project) -> int | None:
    with store.reading() as session:
        found = champion(session, project.id)
    return found.number if found else None


def _rollback(store: Store, project: Project) -> int:
    with store.session() as session:
        return rollback(session, project.id).number


def test_versions_are_numbered_in_their_project(store: Store, project: Project) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
    names = [_create(store, each).name for each in (project, project, other, project)]
    assert names == ["hemline-7-v1", "hemline-7-v2", "hemline-8-v1", "hemline-7-v3"]


def test_a_version_knows_what_it_came_from(store: Store, project: Project) -> None:
    first = _create(store, project)
    second = _create(store, project, parent_id=first.id, figures={"dice": [0.8, 0.9]})
    with store.reading() as session:
        stored = get_version(session, second.id)
    assert stored.parent is not None
    assert stored.parent.name == "hemline-7-v1"
    assert stored.project.ls_project_id == 7
    assert stored.snapshot is None
    assert stored.labels == ["Top", "Skirt"]
    assert stored.figures == {"dice": [0.8, 0.9]}
    assert stored.state is ModelState.CANDIDATE


def test_a_project_begins_without_a_champion(store: Store, project: Project) -> None:
    _create(store, project)
    assert _champion(store, project) is None


def test_promotion_retires_the_champion_before(store: Store, project: Project) -> None:
    first, second = _create(store, project), _create(store, project)
    _promote(store, first, 1)
    _promote(store, second, 2)
    assert _states(store, project) == ["retired", "champion"]
    with store.reading() as session:
        assert get_version(session, second.id).promoted_at == DAY + timedelta(days=2)


def test_promoting_the_champion_changes_nothing(store: Store, project: Project) -> None:
    first = _create(store, project)
    _promote(store, first, 1)
    _promote(store, first, 2)
    with store.reading() as session:
        assert get_version(session, first.id).promoted_at == DAY + timedelta(days=1)


def test_a_promotion_that_is_rolled_back_changes_nothing(store: Store, project: Project) -> None:
    first, second = _create(store, project), _create(store, project)
    _promote(store, first)

    def promote_and_fail() -> None:
        with store.session() as session:
            promote(session, second.id)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        promote_and_fail()
    assert _states(store, project) == ["champion", "candidate"]


def test_the_database_itself_allows_one_champion(store: Store, project: Project) -> None:
    _create(store, project)
    _create(store, project)
    with pytest.raises(IntegrityError), store.session() as session:
        session.execute(text("UPDATE model_version SET state = 'champion'"))


def test_projects_have_a_champion_each(store: Store, project: Project) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
    for each in (project, other):
        _promote(store, _create(store, each))
    assert (_champion(store, project), _champion(store, other)) == (1, 1)


def test_a_candidate_can_be_rejected_and_promoted_all_the_same(
    store: Store, project: Project
) -> None:
    first = _create(store, project)
    with store.session() as session:
        assert reject(session, first.id).state is ModelState.REJECTED
    _promote(store, first)
    assert _champion(store, project) == 1
    with pytest.raises(StoreError, match="hemline-7-v1 is champion"), store.session() as session:
        reject(session, first.id)


def test_rollback_goes_back_champion_by_champion(store: Store, project: Project) -> None:
    for day in range(3):
        _promote(store, _create(store, project), day)
    assert _rollback(store, project) == 2
    assert _states(store, project) == ["retired", "champion", "retired"]
    assert _rollback(store, project) == 1
    with pytest.raises(StoreError, match="no earlier champion"):
        _rollback(store, project)
    assert _champion(store, project) == 1


def test_rollback_does_not_lead_to_what_was_rolled_back_from(
    store: Store, project: Project
) -> None:
    for day in range(3):
        _promote(store, _create(store, project), day)
    assert _rollback(store, project) == 2  # version 3 was bad
    _promote(store, _create(store, project), 4)
    assert _rollback(store, project) == 2


def test_what_was_rolled_back_from_can_be_promoted_again(store: Store, project: Project) -> None:
    versions = [_create(store, project) for _ in range(2)]
    for day, version in enumerate(versions):
        _promote(store, version, day)
    _rollback(store, project)
    _promote(store, versions[1], 5)
    assert _champion(store, project) == 2
    assert _rollback(store, project) == 1


def test_a_project_without_champions_cannot_go_back(store: Store, project: Project) -> None:
    _create(store, project)
    with pytest.raises(StoreError, match="no earlier champion"):
        _rollback(store, project)


@pytest.mark.parametrize("said", ["hemline-7-v2", "v2", "2", 2, " v2 "])
def test_a_version_is_found_as_people_say_it(
    store: Store, project: Project, said: str | int
) -> None:
    for _ in range(3):
        _create(store, project)
    with store.reading() as session:
        assert find_version(session, project.id, said).number == 2


@pytest.mark.parametrize("said", ["hemline-7-v9", "9", 9, "", "v", "9" * 30, "two", "²"])
def test_a_version_that_is_not_there_is_named(
    store: Store, project: Project, said: str | int
) -> None:
    _create(store, project)
    with pytest.raises(StoreError, match="unknown model"), store.reading() as session:
        find_version(session, project.id, said)


def test_versions_of_all_projects_are_listed(store: Store, project: Project) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8)
    for each in (other, project, project):
        _create(store, each)
    with store.reading() as session:
        names = [version.name for version in list_versions(session)]
        assert names == ["hemline-7-v1", "hemline-7-v2", "hemline-8-v1"]
        with pytest.raises(StoreError, match="model version 99 is not in the store"):
            get_version(session, 99)


def test_a_number_is_not_given_twice(store: Store, project: Project, while_open: Any) -> None:
    def create(session: Session) -> int:
        return create_version(
            session, project.id, recipe={}, labels=[], weights_digest="a" * 64, code_version="0"
        ).number

    assert while_open(create, lambda: _create(store, project).number) == (1, 2)


def test_processes_that_create_at_once_get_numbers_of_their_own(
    store_url: str, project: Project, contenders: Any
) -> None:
    results = contenders.run(store_url, "create_version", [(project.id,)] * 4)
    assert sorted(results) == [1, 2, 3, 4]


def test_processes_that_promote_at_once_leave_one_champion(
    store: Store, store_url: str, project: Project, contenders: Any
) -> None:
    ids = [_create(store, project).id for _ in range(4)]
    orders = [ids[turn:] + ids[:turn] for turn in range(4)]
    assert contenders.run(store_url, "promote", [order * 5 for order in orders]) == [20] * 4
    assert sorted(_states(store, project)) == ["champion", "retired", "retired", "retired"]


def test_projects_are_listed_with_their_champions(store, project, version):
    with store.session() as session:
        bare = upsert_project(session, ls_project_id=3, label_config="x", problem="no image")
    with store.reading() as session:
        assert [each.champion_id for each in list_served(session)] == [None, None]
    with store.session() as session:
        promote(session, version.id)
    with store.reading() as session:
        first, second = list_served(session)
        found = find_versions(session, [version.id, 10**6])
    assert (first.id, first.ls_project_id, first.has_problem) == (bare.id, 3, True)
    assert (second.id, second.has_problem, second.champion_id) == (project.id, False, version.id)
    assert second.changed_at.tzinfo is not None
    assert {key: each.weights_digest for key, each in found.items()} == {
        version.id: version.weights_digest
    }


def test_more_versions_are_found_than_fit_one_query(store, project, monkeypatch):
    monkeypatch.setattr(models, "_AT_ONCE", 2)
    with store.session() as session:
        ids = [
            create_version(
                session, project.id, recipe={}, labels=["a"], weights_digest="b", code_version="0"
            ).id
            for _ in range(5)
        ]
    with store.reading() as session:
        assert sorted(find_versions(session, ids)) == ids
