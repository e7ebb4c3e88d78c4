"""A project's ranking as it is stored: read once, and kept while it is the newest."""

from active_learning.ranking import Ranking
from active_learning.risk.project_risk import ProjectRisk
from hemline.errors import ArtifactError, ModelError
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.tables.loop import Project
from worker.shipped_risk import shipped_risk_model

_MOST_KEPT = 8
_KEPT: dict[str, Ranking] = {}


def ranking_of(artifacts: ArtifactStore, project: Project) -> Ranking:
    """The project's ranking; where there is none of today's signals, the one all begin with."""
    if project.ranking_digest is not None:
        try:
            return _stored(artifacts, project.ranking_digest)
        except (ArtifactError, ModelError):
            pass  # the next job learns it anew
    return Ranking(ProjectRisk(shipped_risk_model()))


def _stored(artifacts: ArtifactStore, digest: str) -> Ranking:
    """A digest names one content, so the few used last are kept."""
    if digest not in _KEPT:
        while len(_KEPT) >= _MOST_KEPT:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[digest] = Ranking.from_bytes(artifacts.get(digest), shipped_risk_model())
    return _KEPT[digest]
