"""How far each view of a garment is from the others, by what the store has of their masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from active_learning.feature_codec import read_view
from active_learning.signals.garment_views import (
    USUAL_VIEW,
    Gaps,
    Oddness,
    ViewSignals,
    disagree,
    odd_views,
    usual_gaps,
)
from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.store.models.models import champion
from hemline.store.review.garment_views import values_of_views
from hemline.store.tables.loop import Project
from worker.services import Services

_AT_ONCE = 200  # garments asked for in one query


@dataclass(frozen=True, slots=True)
class OddView:
    """How odd a task's view is, and whether the garment's views disagree."""

    odd: Oddness = USUAL_VIEW
    disagree: bool = False


USUAL = OddView()  # of a garment with one view, or before anything is known


def odd_views_of(
    services: Services, project: Project, garments: Sequence[str], usual: Gaps | None
) -> dict[int, OddView]:
    """Task to oddness, of the garments' tasks that have several views; `usual` is the ranking's."""
    if usual is None:
        return {}
    found: dict[int, OddView] = {}
    for views in _views(services, project, garments):
        oddness = odd_views(list(views.values()), usual)
        apart = disagree(oddness)
        found |= {task: OddView(odd, apart) for task, odd in zip(views, oddness, strict=True)}
    return found


def usual_of(services: Services, project: Project, garments: Sequence[str]) -> Gaps | None:
    """How much views usually differ, by a sample of the project's garments."""
    return usual_gaps([list(views.values()) for views in _views(services, project, garments)])


def _views(
    services: Services, project: Project, garments: Sequence[str]
) -> list[Mapping[int, ViewSignals | None]]:
    names = sorted(set(garments))
    found: list[Mapping[int, ViewSignals | None]] = []
    for start in range(0, len(names), _AT_ONCE):
        with services.store.reading() as session:
            version = champion(session, project.id)
            stored = values_of_views(
                session,
                project.id,
                names[start : start + _AT_ONCE],
                SIGNALS_VERSION,
                version.id if version else None,
            )
        found += [
            {task: read_view(values) for task, values in tasks.items()} for tasks in stored.values()
        ]
    return found
