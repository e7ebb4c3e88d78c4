"""Weights that are said to be prunable: never those that somebody may come back to."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from hemline.errors import StoreError
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.projects import upsert_project
from hemline.store.models.conversions import record_conversion
from hemline.store.models.models import champion, create_version, promote, rollback
from hemline.store.models.prunable import (
    forget_old_conversions,
    forget_weights,
    old_conversions,
    prunable_versions,
    sole_weights,
)
from hemline.store.reports.artifacts_in_use import artifacts_in_use
from hemline.store.tables.loop import Conversion, ModelVersion, Project, Task

LONG_AGO = utcnow() - timedelta(days=100)
BEFORE = utcnow() - timedelta(days=30)


def add(session: Session, project: Project, number: int, weights: str = "") -> ModelVersion:
    """A version that was made and promoted `number` days after LONG_AGO."""
    version = create_version(
        session,
        project.id,
        recipe={},
        labels=["Garment"],
        weights_digest=weights or f"{number:064d}",
        code_version="0",
    )
    version.created_at = LONG_AGO + timedelta(days=number)
    promote(session, version.id, now=version.created_at)
    return version


@pytest.fixture
def five(store: Store, project: Project) -> list[ModelVersion]:
    """Five versions that were champion one after another; the fifth is."""
    with store.session() as session:
        return [add(session, project, number) for number in range(1, 6)]


def prunable(store: Store, keep: int = 1) -> list[int]:
    with store.reading() as session:
        return [version.number for version in prunable_versions(session, keep=keep, before=BEFORE)]


def forget(store: Store, project: Project, keep: int = 1) -> set[str]:
    with store.session() as session:
        return forget_weights(session, project.id, keep=keep, before=BEFORE)


def test_the_champions_that_a_roll_back_leads_to_stay(
    store: Store, five: list[ModelVersion]
) -> None:
    assert prunable(store, keep=1) == [1, 2, 3]
    assert prunable(store, keep=0) == [1, 2, 3]
    assert prunable(store, keep=3) == [1]
    assert prunable(store, keep=4) == []


def test_candidates_and_young_versions_stay(
    store: Store, project: Project, five: list[ModelVersion]
) -> None:
    with store.session() as session:
        rejected, candidate, young = (add(session, project, n) for n in (6, 7, 8))
        promote(session, five[4].id, now=LONG_AGO + timedelta(days=9))
        for version, state in (
            (rejected, "rejected"),
            (candidate, "candidate"),
            (young, "rejected"),
        ):
            session.execute(
                update(ModelVersion)
                .where(ModelVersion.id == version.id)
                .values(state=state, promoted_at=None)
            )
        young.created_at = utcnow()
    assert prunable(store) == [1, 2, 3, 6]


def test_the_version_of_an_open_pre_fill_stays_until_a_later_one_fills_it(
    store: Store, five: list[ModelVersion], task: Task
) -> None:
    def fill(version: ModelVersion) -> None:
        with store.session() as session:
            save_prediction(
                session,
                task_id=task.id,
                model_version_id=version.id,
                image_digest="a" * 64,
                mask_digest="b" * 64,
                score=0.5,
                region_scores={},
            )

    fill(five[0])
    fill(five[1])
    assert prunable(store) == [1, 3]
    with store.session() as session:
        session.execute(update(Task).values(is_labeled=True))
    assert prunable(store) == [1, 2, 3]
    with store.session() as session:
        session.execute(update(Task).values(is_labeled=False))
    fill(five[4])
    assert prunable(store) == [1, 2, 3]


def test_forgotten_weights_are_in_use_no_more_and_never_come_back(
    store: Store, project: Project, five: list[ModelVersion]
) -> None:
    with store.session() as session:
        record_conversion(session, five[0].weights_digest, "fp32", "me", "c" * 64)
        record_conversion(session, five[0].weights_digest, "int8", "me", None, problem="no")
        record_conversion(session, five[4].weights_digest, "fp32", "me", "d" * 64)
    with store.reading() as session:
        named = sole_weights(session, prunable_versions(session, keep=2, before=BEFORE))
    expected = {five[0].weights_digest: [five[0].weights_digest, "c" * 64]}
    expected[five[1].weights_digest] = [five[1].weights_digest]
    assert named == expected
    assert forget(store, project, keep=2) == {
        digest for each in expected.values() for digest in each
    }
    assert forget(store, project, keep=2) == set()
    with store.reading() as session:
        used = {use.digest for use in artifacts_in_use(session)}
        assert session.query(Conversion).one().weights_digest == five[4].weights_digest
    assert used == {v.weights_digest for v in five[2:]} | {"d" * 64}
    with store.session() as session, pytest.raises(StoreError, match="hemline prune"):
        promote(session, five[0].id)
    for number in (4, 3):
        with store.session() as session:
            assert rollback(session, project.id).number == number
    with store.session() as session, pytest.raises(StoreError, match="no earlier champion"):
        rollback(session, project.id)
    with store.reading() as session:
        now = champion(session, project.id)
        assert now is not None
        assert now.number == 3


def test_weights_that_another_version_has_stay(
    store: Store, project: Project, five: list[ModelVersion]
) -> None:
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8, title="others")
        add(session, other, 1, weights=five[0].weights_digest)
    assert five[0].weights_digest not in forget(store, project)
    assert prunable(store) == []


def test_two_projects_that_share_weights_lose_them_with_the_last(
    store: Store, project: Project, five: list[ModelVersion]
) -> None:
    shared = five[0].weights_digest
    with store.session() as session:
        other = upsert_project(session, ls_project_id=8, title="others")
        for number in range(1, 4):
            add(session, other, number, weights=shared if number == 1 else f"{number + 50:064d}")
    assert shared not in forget(store, project)
    assert shared in forget(store, other)


def test_what_became_champion_meanwhile_is_not_forgotten(
    store: Store, project: Project, five: list[ModelVersion]
) -> None:
    assert prunable(store) == [1, 2, 3]
    with store.session() as session:
        promote(session, five[0].id)
    assert five[0].weights_digest not in forget(store, project)


def test_old_conversions_by_others_go(store: Store, five: list[ModelVersion]) -> None:
    with store.session() as session:
        for made_by, digest in (("old", "c"), ("old two", "d"), ("now", "d"), ("young", "e")):
            record_conversion(session, five[4].weights_digest, "fp32", made_by, digest * 64)
        session.execute(
            update(Conversion).where(Conversion.made_by != "young").values(created_at=LONG_AGO)
        )
    with store.reading() as session:
        rows = old_conversions(session, made_by="now", before=BEFORE)
    assert {row.made_by for row in rows} == {"old", "old two"}
    with store.session() as session:
        assert forget_old_conversions(session, made_by="now", before=BEFORE) == {"c" * 64}
    with store.reading() as session:
        assert {row.made_by for row in session.query(Conversion)} == {"now", "young"}


def test_the_int8_network_of_a_champion_stays_for_hosts_that_have_its_converter(
    store: Store, five: list[ModelVersion]
) -> None:
    """Only the training could make it, with the project's photos."""
    with store.session() as session:
        for version, digest in ((five[4], "c"), (five[0], "d")):
            record_conversion(session, version.weights_digest, "int8", "old", digest * 64)
        session.execute(update(Conversion).values(created_at=LONG_AGO))
    with store.session() as session:
        assert forget_old_conversions(session, made_by="now", before=BEFORE) == {"d" * 64}
