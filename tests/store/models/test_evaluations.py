"""Evaluations: the decision and its figures, with the champion of the day."""

from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.models.evaluations import evaluations_of, record_evaluation
from hemline.store.models.models import create_version
from hemline.store.models.snapshots import take_snapshot
from hemline.store.tables.loop import ModelVersion, Project


def test_evaluations_come_newest_first_with_their_champion(
    store: Store, artifacts: ArtifactStore, project: Project, version: ModelVersion
) -> None:
    figures = {"n": 6, "mean_dice": 0.93, "p": 0.03, "items": [{"id": "1", "dice": 0.9}]}
    with store.session() as session:
        snapshot = take_snapshot(session, artifacts, project.id, ["Garment"])
        candidate = create_version(
            session,
            project.id,
            recipe={},
            labels=["Garment"],
            weights_digest="c" * 64,
            code_version="0",
            parent_id=version.id,
            snapshot_id=snapshot.id,
        )
        for champion_id, promoted in ((None, False), (version.id, True)):
            record_evaluation(
                session,
                model_version_id=candidate.id,
                champion_id=champion_id,
                snapshot_id=snapshot.id,
                promoted=promoted,
                decision="Better by 0.03 (p = 0.03).",
                figures=figures,
            )
    with store.reading() as session:
        found = evaluations_of(session, candidate.id)
        assert evaluations_of(session, version.id) == []
    assert [each.promoted for each in found] == [True, False]
    assert found[0].champion is not None
    assert found[0].champion.name == version.name
    assert found[1].champion is None
    assert found[0].figures == figures
