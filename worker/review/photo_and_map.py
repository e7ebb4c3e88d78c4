"""A photo and what the model saw in it, brought back from the photo cache and the store."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemline.errors import ArtifactError, MaskError
from hemline.images import decode_image
from hemline.masks.codecs.probability_map import Probabilities, decode_probability_map
from hemline.masks.figures.histograms import THRESHOLDS, ProbabilityHistograms
from hemline.masks.renumber import class_ids
from hemline.store.tables.loop import Task
from hemline.store.tables.review import PredictionSignals
from worker.services import Services

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoAndMap:
    """A photo (H, W, 3) uint8 RGB and its stored probabilities (C, h, w); None where there are
    none of this very photo. `threshold` is what the predicted mask was made with."""

    photo: NDArray[np.uint8]
    probabilities: Probabilities | None
    threshold: float
    flip_dice: float | None


def see(
    services: Services, task: Task, compared: PredictionSignals | None, labels: tuple[str, ...]
) -> PhotoAndMap:
    """The task's photo, with the map of a prediction in the class ids of `labels`.

    Raises:
        LabelStudioUnavailable, LabelStudioRefused: the photo cannot be had now.
        HemlineError: it cannot be had, or is broken.
    """
    photo = services.photos.fetch(task.image_url, task_id=task.ls_task_id)
    pixels = decode_image(photo.data, name=photo.name, max_pixels=services.settings.max_pixels)
    if compared is None or compared.image_digest != photo.digest:
        return PhotoAndMap(pixels, None, 0.5, None)
    stored = _stored_map(services, compared, labels)
    if stored is None:
        return PhotoAndMap(pixels, None, 0.5, None)
    return PhotoAndMap(pixels, stored, _threshold(compared), compared.flip_dice)


def _stored_map(
    services: Services, compared: PredictionSignals, labels: tuple[str, ...]
) -> Probabilities | None:
    """The map in the class ids of `labels`; None if it is lost, which the look then says."""
    try:
        stored = decode_probability_map(services.artifacts.get(compared.map_digest or ""))
    except (ArtifactError, MaskError) as error:
        log.warning("prediction %d: %s", compared.prediction_id, error)
        return None
    own = compared.prediction.model_version.labels
    ids = class_ids(labels, own)  # where each wanted plane is among the stored ones
    if len(stored) == 1 or (len(own) == len(labels) and ids == list(range(1, len(ids) + 1))):
        return stored
    planes = np.zeros((len(labels) + 1, *stored.shape[1:]), dtype=np.float32)
    for k, stored_k in enumerate(ids, start=1):
        if stored_k:
            planes[k] = stored[stored_k]
    planes[0] = np.clip(1 - planes[1:].sum(axis=0), 0, 1)
    return planes


def _threshold(signals: PredictionSignals) -> float:
    """The threshold that the mask was made with: the one at which its probabilities give it."""
    if signals.histograms is None:
        return 0.5
    agreement = ProbabilityHistograms.from_bytes(signals.histograms).dice()
    return float(THRESHOLDS[agreement[0].argmax()]) if len(agreement) == 1 else 0.5
