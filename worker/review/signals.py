"""Computes the signals that wait: a label's first, for its place in the review order waits too.

No model runs here. A label is compared with the probability map that was kept when its photo was
predicted; a prediction's own mask is looked at in the same way.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from active_learning.feature_codec import feature_regions, feature_values
from active_learning.label_features import LabelFeatures, label_features
from active_learning.score_items import dice_rows
from active_learning.signals.frame import Mask
from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.errors import (
    ArtifactsUnavailable,
    HemlineError,
    LabelStudioUnavailable,
    PhotoUnavailable,
)
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import parse_label_config
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.figures.histograms import probability_histograms
from hemline.store.models.models import champion
from hemline.store.review.label_review import label_of_task
from hemline.store.review.queries import LabelRow, PhotoRow, signals_to_compare
from hemline.store.review.signals import (
    anything_waits,
    claim_labels,
    claim_predictions,
    give_up,
    put_back,
    store_label_values,
    store_prediction_values,
)
from hemline.store.review.write_order import write_item
from hemline.store.tables.loop import Project, Task
from hemline.store.tables.review import LabelSignals, PredictionSignals
from hemline.system.people_wait import let_people_go_first
from worker.ingest.inbox import is_behind
from worker.review.leave_blank import leave_dearer_blank
from worker.review.photo_and_map import PhotoAndMap, see
from worker.review.rank_items import rank_labels
from worker.review.stored_ranking import ranking_of
from worker.services import Services
from worker.shipped_risk import shipped_risk_model

log = logging.getLogger(__name__)

_AT_ONCE = 8
_WINDOW_S = 120.0  # a claim by a process that died is free again after this
_LONGEST_PAUSE_S = 2.0  # before each photo, while somebody waits for a mask
_TURN_S = 20.0  # then other work of the queue has its turn

Claimed = TypeVar("Claimed", LabelSignals, PredictionSignals)


def compute_signals(services: Services) -> int:
    """Works on what waits for at most some seconds, then has itself called again. How many it did.
    Not while many deliveries wait: corrections come before what is computed of them.

    What cannot be computed is tried a few times and then left; a photo that cannot be had because
    Label Studio is away costs no attempt, nor does storage that is.
    """
    begin, done = time.monotonic(), 0
    while time.monotonic() - begin < _TURN_S:
        if is_behind(services):  # who works on the deliveries has this called again
            return done
        taken = _labels(services) or _predictions(services)
        if not taken:
            return done
        done += taken
    services.sender.send("worker.signals", queue="housekeeping")
    return done


def signals_wait(services: Services) -> bool:
    """Whether there is anything to compute."""
    with services.store.reading() as session:
        return anything_waits(session, SIGNALS_VERSION, window_s=_WINDOW_S)


def _labels(services: Services) -> int:
    with services.store.session() as session:
        claimed = claim_labels(session, SIGNALS_VERSION, _AT_ONCE, window_s=_WINDOW_S)
    for signals in claimed:
        let_people_go_first(services.settings.home_path, longest_s=_LONGEST_PAUSE_S)
        _attempt(services, signals, signals.annotation.task, _label)
    return len(claimed)


def _predictions(services: Services) -> int:
    with services.store.session() as session:
        claimed = claim_predictions(session, SIGNALS_VERSION, _AT_ONCE, window_s=_WINDOW_S)
    for signals in claimed:
        let_people_go_first(services.settings.home_path, longest_s=_LONGEST_PAUSE_S)
        _attempt(services, signals, signals.prediction.task, _prediction)
    return len(claimed)


def _attempt(
    services: Services, claimed: Claimed, task: Task, work: Callable[[Services, Claimed], None]
) -> None:
    try:
        work(services, claimed)
    except (
        LabelStudioUnavailable,
        LabelStudioRefused,
        PhotoUnavailable,
        ArtifactsUnavailable,
    ) as error:
        log.info("task %d: signals wait: %s", task.ls_task_id, error)
        with services.store.session() as session:
            put_back(session, claimed)
    except HemlineError as error:
        log.warning("task %d: no signals: %s", task.ls_task_id, error)
        with services.store.session() as session:
            give_up(session, claimed, SIGNALS_VERSION)
    except Exception:
        log.exception("task %d: its signals failed", task.ls_task_id)  # tried again a few times


def _label(services: Services, claimed: LabelSignals) -> None:
    task = claimed.annotation.task
    with services.store.reading() as session:
        compared = signals_to_compare(session, task, claimed.annotation.prediction_id)
        project = session.get_one(Project, task.project_id)
    labels = parse_label_config(project.label_config).labels
    mask = decode_class_mask(services.artifacts.get(claimed.mask_digest))
    seen = see(services, task, compared, labels)
    features = _features(seen, mask)
    ranking = ranking_of(services.artifacts, project)
    row = LabelRow(task, claimed.annotation, claimed, compared)
    (item,) = rank_labels(services, project, ranking, [row], [features])
    with services.store.session() as session:
        stored = store_label_values(
            session,
            claimed,
            version=SIGNALS_VERSION,
            prediction_id=compared.prediction_id if compared else None,
            values=feature_values(features),
            regions=feature_regions(features),
            risk=item.risk,
            histograms=_histograms(seen, mask),
        )
        counts = label_of_task(session, task.id)
        if stored and counts is not None and counts.id == claimed.annotation_id:
            write_item(session, item)


def _prediction(services: Services, claimed: PredictionSignals) -> None:
    prediction = claimed.prediction
    mask = decode_class_mask(services.artifacts.get(prediction.mask_digest))
    labels = tuple(prediction.model_version.labels)
    features = _features(see(services, prediction.task, claimed, labels), mask)
    with services.store.reading() as session:
        project = session.get_one(Project, prediction.task.project_id)
        version = champion(session, project.id)
    ranking = ranking_of(services.artifacts, project)
    cluster = ranking.cluster_of(claimed.embedding)
    with services.store.session() as session:
        store_prediction_values(
            session,
            claimed,
            version=SIGNALS_VERSION,
            values=feature_values(features),
            regions=feature_regions(features),
            cluster=cluster,
        )
    if version is not None and version.id == prediction.model_version_id:
        rows = dice_rows([features], [claimed.flip_dice])
        dearer = ranking.dearer(rows, [prediction.task.garment_type]).tolist()
        photo = PhotoRow(prediction.task, prediction, claimed)
        leave_dearer_blank(services, project, [photo], dearer)


def _features(seen: PhotoAndMap, mask: Mask) -> LabelFeatures:
    return label_features(
        seen.photo,
        mask,
        seen.probabilities,
        shipped_risk_model(),
        threshold=seen.threshold,
        flip_dice=seen.flip_dice,
    )


def _histograms(seen: PhotoAndMap, mask: Mask) -> bytes | None:
    """What tells the Dice of the model with this label at any threshold, and its calibration."""
    if seen.probabilities is None:
        return None
    return probability_histograms(seen.probabilities, mask).to_bytes()
