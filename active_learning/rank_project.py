"""A project's review order as the store has it, and batches of it within a budget."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from active_learning.batches import RANDOM_SHARE, Candidate, Chosen, choose_batch, typicalities
from active_learning.clusters import UNKNOWN
from active_learning.reasons import Reason
from hemline.errors import StoreError
from hemline.masks.embedding import LENGTH, unpack_embeddings
from hemline.store.engine import Store
from hemline.store.prefills import lead_times
from hemline.store.projects import get_project
from hemline.store.ranking_data import labelled_clusters, whereabouts_of
from hemline.store.review import drawn_items, review_page
from hemline.store.review_tables import ReviewItem
from hemline.store.states import ReviewKind
from hemline.store.tables import Project

POOL = 1000  # items at the top, and as many drawn from all of the order, to choose a batch from
_WORDS = {reason.value: reason.words for reason in Reason}
_MINUTES = 1.0  # a photo takes, until people's own time is known
_NOWHERE = bytes(LENGTH)


@dataclass(frozen=True)
class Placed:
    """One task of the order. `random` marks one that was drawn to keep the estimates honest."""

    task: int
    garment: str
    kind: str
    priority: float
    reasons: dict[str, Any]
    random: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values: what `hemline rank PROJECT --json` prints."""
        name = "label_risk" if self.kind == ReviewKind.LABEL else "usefulness"
        return {
            "id": self.task, "garment": self.garment, name: round(self.priority, 6),
            "reasons": [{"reason": reason, **found} for reason, found in self.reasons.items()],
            "random": self.random,
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """The reasons in words."""
        return [
            f"{_WORDS.get(reason, reason)}: {found.get('sentence', '')}"
            for reason, found in self.reasons.items()
        ]


def project_order(store: Store, ls_project_id: int, kind: ReviewKind, limit: int) -> list[Placed]:
    """The first open items of an order.

    Raises:
        StoreError: the project is not known.
    """
    with store.reading() as session:
        project = _project(session, ls_project_id)
        items = review_page(session, project.id, kind, limit=limit).items
    return [_placed(item) for item in items]


def project_batch(
    store: Store, ls_project_id: int, kind: ReviewKind, *, items: int | None,
    minutes: float | None, seed: int = 0,
) -> list[Placed]:  # fmt: skip
    """What to work on next, within a number of items, of minutes, or both.

    From the top of the order, from all over the project's photos, no garment twice unless its views
    disagree, and a tenth of it drawn from the whole order alike.

    Raises:
        StoreError: the project is not known.
    """
    with store.reading() as session:
        project = _project(session, ls_project_id)
        top = review_page(session, project.id, kind, limit=POOL).items
        drawn = drawn_items(session, project.id, kind, limit=POOL, seed=seed)
        both = list({item.id: item for item in (*top, *drawn)}.values())
        where = whereabouts_of(session, [i.prediction_id for i in both if i.prediction_id])
        labelled = labelled_clusters(session, project.id, POOL)
        each = _minutes(session, project)
    by_id = {str(item.task.ls_task_id): item for item in both}
    if kind == ReviewKind.LABEL:
        labelled = [UNKNOWN] * POOL  # never a cold start: labels are ordered by risk alone
    candidates = _candidates(both, where, each, kind)
    from_all = {str(item.task.ls_task_id) for item in drawn}
    chosen = _choose(candidates, from_all, _number(items, minutes, each), labelled, seed)
    return [_placed(by_id[choice.id], random=choice.random) for choice in chosen]


def _number(items: int | None, minutes: float | None, each: float) -> int:
    """How many fit the budget; every item takes as long as is usual."""
    fitting = 2 * POOL if minutes is None else min(minutes / max(each, 1e-6) + 1e-9, 2 * POOL)
    return min(int(fitting), 2 * POOL if items is None else items)


def _choose(
    candidates: Sequence[Candidate], from_all: set[str], number: int,
    labelled_clusters: Sequence[int], seed: int,
) -> list[Chosen]:  # fmt: skip
    """So many of the candidates; the random ones are of `from_all`, and spread over the batch."""
    drawn = choose_batch(
        [item for item in candidates if item.id in from_all],
        items=math.ceil(RANDOM_SHARE * number), random_share=1.0, seed=seed,
    )  # fmt: skip
    taken = {choice.id for choice in drawn}
    garments = {item.garment for item in candidates if item.id in taken}
    left = [
        item for item in candidates
        if item.id not in taken and (item.views_disagree or item.garment not in garments)
    ]  # fmt: skip
    best = choose_batch(
        left, items=number - len(drawn), labelled_clusters=labelled_clusters, random_share=0.0,
        seed=seed,
    )  # fmt: skip
    step = round(1 / RANDOM_SHARE) - 1
    parts = [[choice, *best[k * step : (k + 1) * step]] for k, choice in enumerate(drawn)]
    return [*(choice for part in parts for choice in part), *best[len(drawn) * step :]]


def _candidates(
    top: Sequence[ReviewItem], where: Mapping[int, tuple[bytes, int | None]], each: float,
    kind: ReviewKind,
) -> list[Candidate]:  # fmt: skip
    """What a batch is chosen from. Labels have one cluster: each of them that is wrong is worth as
    much."""
    places = [where.get(item.prediction_id or 0, (_NOWHERE, None)) for item in top]
    points = unpack_embeddings([embedding for embedding, _ in places])
    typical = typicalities(points) if len(points) else []
    alike = kind == ReviewKind.LABEL
    return [
        Candidate(
            id=str(item.task.ls_task_id), garment=item.task.garment,
            cluster=UNKNOWN if alike or cluster is None else cluster, usefulness=item.priority,
            typicality=typical[k], minutes=each, views_disagree=item.views_disagree,
        )
        for k, (item, (_, cluster)) in enumerate(zip(top, places, strict=True))
    ]  # fmt: skip


def _minutes(session: Any, project: Project) -> float:
    seconds = lead_times(session, project.id).with_prefill
    return float(np.median(seconds)) / 60 if len(seconds) >= 5 else _MINUTES


def _project(session: Any, ls_project_id: int) -> Project:
    project = get_project(session, ls_project_id)
    if project is None:
        raise StoreError(
            f"project {ls_project_id} is not known; connect it with `hemline connect "
            f"{ls_project_id}`"
        )
    return project


def _placed(item: ReviewItem, *, random: bool = False) -> Placed:
    return Placed(
        item.task.ls_task_id, item.task.garment, item.kind, item.priority, item.reasons, random
    )
