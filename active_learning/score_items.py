"""Scores of a review order: labels by their risk, photos by how useful a label would be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from active_learning.checks.mask_checks import checks_found
from active_learning.label_features import LabelFeatures
from active_learning.order.bounds import Group
from active_learning.order.neighbours import isolation
from active_learning.ranking import Ranking
from active_learning.reasons import reasons
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.signals.garment_views import Oddness, raised
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.masks.figures.embedding import unpack_embeddings
from hemline.reasons import Evidence, FoundCheck, Reason

_SHARED = [RISK_SIGNALS.index(name) for name in PREDICTION_SIGNALS[:-1]]  # the last is flip_dice


@dataclass(frozen=True)
class Scores:
    """Of N items the priority, 0 to 1, the higher the sooner, the reasons for a person, and the
    checks that stand out."""

    priorities: Sequence[float]
    reasons: Sequence[list[Evidence]]
    checks: Sequence[list[FoundCheck]]


@dataclass(frozen=True)
class PhotoScores(Scores):
    """With the Dice (N,) that each pre-fill is predicted to have, 0 to 1, its lower bound, what its
    outline is true within, as a share of the square root of its area, the seconds that work on it
    is likely to take, and those from nothing, NaN where that is not known, and whether the former
    is dearer."""

    dice: Sequence[float]
    dice_low: Sequence[float]
    outlines_within: Sequence[float]
    seconds: Sequence[float]
    drawing_seconds: Sequence[float]
    dearer: Sequence[bool]


def score_labels(
    ranking: Ranking,
    features: Sequence[LabelFeatures],
    *,
    tasks: Sequence[int],
    garments: Sequence[str],
    embeddings: Sequence[bytes | None],
    oddness: Sequence[Oddness],
) -> Scores:
    """Score N labels by their risk, each compared with the ranking's sample and with one another.

    Args:
        tasks: the label's task, by the same number as in the ranking's sample.
        embeddings: of the photos, packed; None where unknown.
        oddness: how far each is from the garment's other views.
    """
    alone = ranking.risk.risks(features, garments)
    risks = [raised(risk, odd) for risk, odd in zip(alone, oddness, strict=True)]
    others = ranking.labels.without(set(tasks))
    found = reasons(
        features,
        risks,
        distances(embeddings, ranking.embeddings),
        oddness=oddness,
        others=others.numbers,
    )
    checks = checks_found([item.checks for item in features], others.checks)
    return Scores(risks, found, checks)


def score_photos(
    ranking: Ranking,
    features: Sequence[LabelFeatures],
    *,
    tasks: Sequence[int],
    embeddings: Sequence[bytes | None],
    flip_dice: Sequence[float | None],
    oddness: Sequence[Oddness],
    groups: Sequence[Group],
) -> PhotoScores:
    """Score N unlabelled photos by the features of their predicted masks: the worse the pre-fill is
    likely to be, the more a correction teaches. Arguments as for `score_labels`; `groups` are what
    bounds hold for, garment type and view."""
    rows = dice_rows(features, flip_dice)
    types = [garment_type for garment_type, _ in groups]
    dice, low = ranking.dice.predict(rows, groups)
    others = ranking.photos.without(set(tasks))
    found = reasons(
        [replace(item, blame=None) for item in features],  # a predicted mask is no label to blame
        [0.0] * len(features),
        distances(embeddings, ranking.embeddings),
        others=others.numbers,
    )
    return PhotoScores(
        [raised(1 - float(value), odd) for value, odd in zip(dice, oddness, strict=True)],
        [
            _with_odd_view(item, own or _nothing_seen(item), odd)
            for item, own, odd in zip(features, found, oddness, strict=True)
        ],
        checks_found([item.checks for item in features], others.checks),
        dice.tolist(),
        low.tolist(),
        ranking.dice.outlines_within(dice, groups).tolist(),
        ranking.time.predict(rows).tolist(),
        ranking.drawing.predict(rows, types).tolist(),
        ranking.dearer(rows, types).tolist(),
    )


def dice_rows(
    features: Sequence[LabelFeatures], flip_dice: Sequence[float | None]
) -> NDArray[np.float32]:
    """Rows (N, F) of PREDICTION_SIGNALS of predicted masks, by their features and flip Dice."""
    rows = np.full((len(features), len(PREDICTION_SIGNALS)), np.nan, dtype=np.float32)
    for k, (item, flip) in enumerate(zip(features, flip_dice, strict=True)):
        if item.row is not None:
            rows[k, :-1] = item.row[_SHARED]
        rows[k, -1] = math.nan if flip is None else flip
    return rows


def distances(packed: Sequence[bytes | None], known: Sequence[bytes]) -> list[float]:
    """Mean distance of each embedding to its nearest among `known`, itself not counted; NaN where
    there is no embedding or nothing to compare it with."""
    result = [math.nan] * len(packed)
    if not known:
        return result
    points = unpack_embeddings(known)
    for k, data in enumerate(packed):
        if data is None or len(data) != len(known[0]):
            continue
        others = points[[other != data for other in known]]
        if len(others):
            result[k] = isolation(unpack_embeddings([data]), others)[0]
    return result


def _nothing_seen(photo: LabelFeatures) -> list[Evidence]:
    """Why a photo comes first whose predicted mask has no outline: it is empty, or covers all."""
    if photo.row is not None:
        return []
    sentence = photo.wrong_sentence or "the predicted mask has no outline"
    return [Evidence(Reason.TOO_COMPLICATED, 1.0, None, sentence, photo.wrong)]


def _with_odd_view(photo: LabelFeatures, found: Sequence[Evidence], odd: Oddness) -> list[Evidence]:
    """With why a photo comes earlier whose predicted mask the garment's other views do not bear
    out; what else makes it complicated is said behind it."""
    if not odd.is_odd:
        return list(found)
    complicated = next(
        (item for item in found if item.reason is Reason.TOO_COMPLICATED),
        Evidence(Reason.TOO_COMPLICATED, odd.times, None, "", photo.whole),
    )
    sentence = "; ".join(filter(None, (odd.sentence, complicated.sentence)))
    others = [item for item in found if item.reason is not Reason.TOO_COMPLICATED]
    return [replace(complicated, sentence=sentence), *others]
