"""How far people agree where several of them masked one task: Dice of their masks."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from hemline.errors import HemlineError
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.figures.overlap import dice
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.reports.label_stats import LabelWork

_PAIRS = 200
_SECONDS = 0.5  # of one page; what is left, the next view of it goes on with
_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """Dice of the garment in pairs of masks of one task by two people, 0 to 1, by person.

    `compared` of the `pairs` were compared so far.
    """

    by_annotator: dict[str, list[float]]
    compared: int
    pairs: int


class Comparisons:
    """Compares masks once: what a pair of digests gave is kept."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        def compare(one: str, other: str) -> float | None:
            try:
                first, second = (decode_class_mask(artifacts.get(d)) for d in (one, other))
            except HemlineError:
                return None
            return float(dice(first > 0, second > 0)) if first.shape == second.shape else None

        self._compare = lru_cache(_KEPT)(compare)

    def agreement(self, work: Sequence[LabelWork]) -> AnnotatorAgreement:
        """Compares the newest pairs, for at most half a second."""
        pairs = _pairs(work)
        found: dict[str, list[float]] = defaultdict(list)
        deadline = time.monotonic() + _SECONDS
        compared = 0
        for one, other in pairs:
            if time.monotonic() > deadline:
                break
            compared += 1
            value = self._compare(*sorted((one.mask_digest, other.mask_digest)))
            if value is not None:
                found[one.annotator].append(value)
                found[other.annotator].append(value)
        return AnnotatorAgreement(dict(found), compared, len(pairs))


def _pairs(work: Sequence[LabelWork]) -> list[tuple[LabelWork, LabelWork]]:
    by_task: dict[int, list[LabelWork]] = defaultdict(list)
    for label in work:
        by_task[label.task_id].append(label)
    return [
        pair
        for labels in by_task.values()
        for pair in combinations(labels, 2)
        if pair[0].annotator != pair[1].annotator
    ][:_PAIRS]
