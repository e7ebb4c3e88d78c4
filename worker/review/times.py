"""Work times in a ranking: learnt from corrected pre-fills, and from masks drawn from nothing."""

from dataclasses import asdict

from active_learning.feature_codec import read_features
from active_learning.order.drawing_time import (
    DrawingPredictor,
    DrawnMasks,
    fit_drawing_predictor,
)
from active_learning.order.work_time import TimedPrefills, TimePredictor, fit_time_predictor
from active_learning.ranking import Ranking
from active_learning.score_items import dice_rows
from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.masks.figures.work_times import pooled_paces
from hemline.store.database.columns import Json
from hemline.store.effort.drawn import drawn_labels
from hemline.store.effort.left_blank import LearntTimes
from hemline.store.tables.loop import Project
from worker.services import Services

_DRAWN = 5000  # masks from nothing that are learnt from, the newest ones


def learn_times(
    services: Services, project: Project, timed: TimedPrefills
) -> tuple[TimePredictor, DrawingPredictor]:
    """What predicts the work on a pre-fill, and without one. A person's pace is told by both."""
    with services.store.reading() as session:
        found = drawn_labels(session, project.id, SIGNALS_VERSION, _DRAWN)
    features = [read_features(row.values or {}, row.regions or {}) for row in found]
    drawn = DrawnMasks(
        dice_rows(features, [row.flip_dice for row in found]),
        [row.seconds for row in found],
        [row.annotator for row in found],
        [row.garment for row in found],
        [row.garment_type for row in found],
    )
    paces = pooled_paces((timed.seconds, timed.annotators), (drawn.seconds, drawn.annotators))
    drawing = fit_drawing_predictor(drawn, paces)
    return fit_time_predictor(timed, drawing_s=drawing.typical_s), drawing


def plain_times(ranking: Ranking) -> Json:
    """How well a ranking tells work times, as the store keeps it (`learnt_times`)."""
    time, drawing = ranking.time, ranking.drawing
    return {
        "correcting": asdict(
            LearntTimes(
                time.prefills,
                time.typical_s,
                time.error_s,
                time.constant_error_s,
                time.forest is not None,
            )
        ),
        "drawing": asdict(
            LearntTimes(
                drawing.masks,
                drawing.typical_s,
                drawing.error_s,
                drawing.constant_error_s,
                drawing.forest is not None or bool(drawing.by_type),
            )
        ),
    }
