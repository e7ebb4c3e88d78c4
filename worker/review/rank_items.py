"""What a ranking says of stored labels and photos, as items of the review order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from active_learning.feature_codec import read_features
from active_learning.label_features import LabelFeatures
from active_learning.ranking import Ranking
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.score_items import score_labels, score_photos
from hemline.store.review.queries import LabelRow, PhotoRow
from hemline.store.review.write_order import RankedItem
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Project, Task
from worker.review.follow_verdicts import judged_of, places_of
from worker.review.garment_views import USUAL, odd_views_of
from worker.services import Services

_PHOTO_SHARE = RISK_SIGNALS.index("photo_share")


def rank_labels(
    services: Services,
    project: Project,
    ranking: Ranking,
    rows: Sequence[LabelRow],
    features: Sequence[LabelFeatures],
) -> list[RankedItem]:
    """The labels' items; `features` are those of each. Verdicts on others like them count."""
    garments = [row.task.garment for row in rows]
    odd = odd_views_of(services, project, garments, ranking.usual)
    views = [odd.get(row.task.id, USUAL) for row in rows]
    scores = score_labels(
        ranking,
        features,
        tasks=[row.task.id for row in rows],
        garments=garments,
        embeddings=[row.embedding for row in rows],
        oddness=[view.odd for view in views],
    )
    places = places_of(
        [row.annotation.annotator for row in rows],
        [row.annotation.changed_at for row in rows],
        features,
    )
    priorities = judged_of(services, project).shift(scores.priorities, places)
    return [
        RankedItem(
            project.id,
            row.task.id,
            ReviewKind.LABEL,
            priority,
            row.signals.mask_digest,
            annotation_id=row.annotation.id,
            prediction_id=row.predicted.prediction_id if row.predicted else None,
            reasons=reasons,
            checks=checks,
            views_disagree=view.disagree,
            risk=risk,
        )
        for row, priority, risk, reasons, checks, view in zip(
            rows,
            priorities,
            scores.priorities,
            scores.reasons,
            scores.checks,
            views,
            strict=True,
        )
    ]


@dataclass(frozen=True, slots=True)
class RankedPhotos:
    """Items of unlabelled photos, with the Dice that each pre-fill is predicted to have, its lower
    bound, the pixels that its outline is true within, the seconds that work on it is likely to
    take, and those from nothing, whether the former is dearer, and the cluster of each photo."""

    items: Sequence[RankedItem]
    dice: Sequence[float]
    dice_low: Sequence[float]
    outlines_px: Sequence[float | None]
    seconds: Sequence[float | None]
    drawing_seconds: Sequence[float | None]
    dearer: Sequence[bool]
    clusters: Sequence[int | None]


def rank_photos(
    services: Services, project: Project, ranking: Ranking, rows: Sequence[PhotoRow]
) -> RankedPhotos:
    """The photos' items, by the features of their predicted masks."""
    odd = odd_views_of(services, project, [row.task.garment for row in rows], ranking.usual)
    views = [odd.get(row.task.id, USUAL) for row in rows]
    features = [read_features(row.signals.values, row.signals.regions) for row in rows]
    scores = score_photos(
        ranking,
        features,
        tasks=[row.task.id for row in rows],
        embeddings=[row.signals.embedding for row in rows],
        flip_dice=[row.signals.flip_dice for row in rows],
        oddness=[view.odd for view in views],
        groups=[(row.task.garment_type, row.task.view) for row in rows],
    )
    items = [
        RankedItem(
            project.id,
            row.task.id,
            ReviewKind.PHOTO,
            priority,
            row.signals.image_digest,
            prediction_id=row.prediction.id,
            reasons=reasons,
            checks=checks,
            views_disagree=view.disagree,
        )
        for row, priority, reasons, checks, view in zip(
            rows, scores.priorities, scores.reasons, scores.checks, views, strict=True
        )
    ]
    clusters = [ranking.cluster_of(row.signals.embedding) for row in rows]
    outlines = [
        _outline_px(row.task, item, within)
        for row, item, within in zip(rows, features, scores.outlines_within, strict=True)
    ]
    return RankedPhotos(
        items,
        scores.dice,
        scores.dice_low,
        outlines,
        _known(scores.seconds),
        _known(scores.drawing_seconds),
        scores.dearer,
        clusters,
    )


def _known(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _outline_px(task: Task, features: LabelFeatures, within: float) -> float | None:
    """A distance in pixels of the photo, from a share of the square root of the mask's area; None
    where the photo's size or the mask's outline is not known, or it is no bound at all."""
    if features.row is None or not (task.width and task.height):
        return None
    area = float(features.row[_PHOTO_SHARE]) * task.width * task.height
    return within * math.sqrt(area) if math.isfinite(within) else None
