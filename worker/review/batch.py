"""A project's review order as the store has it, and batches of it within a budget."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from active_learning.order.batches import (
    COLD_LABELS,
    Candidate,
    by_usefulness,
    choose_batch,
    cold_start,
)
from active_learning.order.clusters import UNKNOWN
from hemline.masks.figures.embedding import LENGTH, unpack_embeddings
from hemline.store.database.engine import Store
from hemline.store.loop.projects import known_project
from hemline.store.reports.prefill_stats import lead_times
from hemline.store.review.queries import Whereabouts, labelled_embeddings, whereabouts_of
from hemline.store.review.review_order import drawn_items, review_page
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Project
from hemline.store.tables.review import ReviewItem

POOL = 1000  # items at the top, and as many drawn from all of the order, to choose a batch from
_MINUTES = 1.0  # a photo takes, until people's own time is known
_NOWHERE = Whereabouts(bytes(LENGTH), None, None)


@dataclass(frozen=True)
class BatchItem:
    """An item of a batch or an order. `random` marks one that was drawn to keep the estimates
    honest."""

    item: ReviewItem
    random: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values: what `hemline rank PROJECT --json` prints."""
        item = self.item
        name = "label_risk" if item.kind == ReviewKind.LABEL else "usefulness"
        return {
            "id": item.task.ls_task_id,
            "garment": item.task.garment,
            name: round(item.priority, 6),
            "reasons": [{"reason": reason, **found} for reason, found in item.reasons.items()],
            "checks": [{"check": check, **found} for check, found in item.checks.items()],
            "random": self.random,
        }


def project_order(
    store: Store, ls_project_id: int, kind: ReviewKind, limit: int
) -> list[BatchItem]:
    """The first open items of an order.

    Raises:
        StoreError: the project is not known.
    """
    with store.reading() as session:
        project = known_project(session, ls_project_id)
        items = review_page(session, project.id, kind, limit=limit).items
    return [BatchItem(item) for item in items]


def project_batch(
    store: Store,
    ls_project_id: int,
    kind: ReviewKind,
    *,
    items: int | None,
    minutes: float | None,
    seed: int = 0,
) -> list[BatchItem]:
    """What to work on next, within a number of items, of minutes, or both.

    From the top of the order, from all over the project's photos, no garment twice unless its views
    disagree, and a tenth of it drawn from the whole order alike.

    Raises:
        StoreError: the project is not known.
    """
    with store.reading() as session:
        project = known_project(session, ls_project_id)
        top = review_page(session, project.id, kind, limit=POOL).items
        drawn = drawn_items(session, project.id, kind, limit=POOL, seed=seed)
        both = list({item.id: item for item in (*top, *drawn)}.values())
        where = whereabouts_of(session, [i.prediction_id for i in both if i.prediction_id])
        labelled = labelled_embeddings(session, project.id, COLD_LABELS)
        each = _minutes(session, project)
    by_id = {str(item.task.ls_task_id): item for item in both}

    def whereabouts(item: ReviewItem) -> Whereabouts:
        return where.get(item.prediction_id or 0, _NOWHERE)

    candidates = {item.id: _candidate(item, whereabouts(item), each) for item in both}
    at_random = [candidates[item.id] for item in drawn]
    best = by_usefulness(list(candidates.values()), seed=seed)
    if kind == ReviewKind.PHOTO and len(labelled) < COLD_LABELS:
        points = unpack_embeddings([whereabouts(item).embedding for item in drawn])
        first = cold_start(at_random, points, unpack_embeddings(labelled))
        best = [*first, *best]
    chosen = choose_batch(best, at_random, items=items, minutes=minutes)
    return [BatchItem(by_id[choice.id], random=choice.random) for choice in chosen]


def _candidate(item: ReviewItem, where: Whereabouts, minutes: float) -> Candidate:
    """Labels have one cluster: each of them that is wrong is worth as much. `minutes` is what a
    photo takes of which no more is known."""
    is_label = item.kind == ReviewKind.LABEL
    alike = is_label or where.cluster is None
    known = None if is_label else where.seconds
    return Candidate(
        id=str(item.task.ls_task_id),
        garment=item.task.garment,
        cluster=UNKNOWN if alike or where.cluster is None else where.cluster,
        usefulness=item.priority,
        minutes=minutes if known is None else known / 60,
        views_disagree=item.views_disagree,
    )


def _minutes(session: Any, project: Project) -> float:
    seconds = lead_times(session, project.id).with_prefill
    return float(np.median(seconds)) / 60 if len(seconds) >= 5 else _MINUTES
