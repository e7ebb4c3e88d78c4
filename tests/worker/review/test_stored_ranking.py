"""A ranking that cannot be read is never in the way."""

from pathlib import Path

from hemline.store.database.artifacts import ArtifactStore
from hemline.store.tables.loop import Project
from worker.review.stored_ranking import ranking_of


def test_a_project_without_a_readable_ranking_begins_with_the_shipped_risk(tmp_path: Path) -> None:
    artifacts = ArtifactStore(str(tmp_path))
    lost = Project(id=1, ranking_digest="0" * 64)
    broken = Project(id=1, ranking_digest=artifacts.put(b"no ranking", "ranking"))
    for project in (lost, broken, Project(id=1)):
        assert ranking_of(artifacts, project).risk.share == 0
