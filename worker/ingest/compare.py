"""How far a submitted mask is from the pre-fill that its annotator saw, or was not shown."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemline.errors import ArtifactError, MaskError
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import as_shown
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.figures.boundary import outline_agreement
from hemline.masks.figures.overlap import dice
from hemline.masks.renumber import renumber
from hemline.prefill.prefill import prefill_seed
from hemline.store.tables.loop import Prediction, Task
from worker.services import Services

log = logging.getLogger(__name__)

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ComparedPrefill:
    """A prediction, and how far a submitted mask is from it: Dice and agreement of the outlines,
    both 0 to 1, None where they cannot be compared."""

    prediction_id: int
    dice: float | None = None
    agreement: float | None = None
    untouched: bool = False
    predicted: Mask | None = None
    score: float = 0.0
    seed: str = ""  # what the ids of its regions follow from


def compare(
    services: Services,
    config: LabelConfig,
    task: Task,
    prediction: Prediction | None,
    mask: Mask | None,
) -> ComparedPrefill | None:
    """The prediction beside the mask (H, W) of class ids; None without one."""
    if prediction is None:
        return None
    predicted = predicted_mask(services, prediction, config)
    if mask is None or predicted is None or predicted.shape != mask.shape:
        return ComparedPrefill(prediction.id)
    untouched = bool(np.array_equal(predicted, mask))
    return ComparedPrefill(
        prediction.id,
        dice=float(dice(predicted > 0, mask > 0)),
        agreement=1.0 if untouched else outline_agreement(predicted > 0, mask > 0),
        untouched=untouched,
        predicted=predicted,
        score=prediction.score,
        seed=prefill_seed(task.ls_task_id, prediction.model_version.name),
    )


def predicted_mask(services: Services, prediction: Prediction, config: LabelConfig) -> Mask | None:
    """The pre-fill in the class ids of the project, as its control shows it; None if its artifact
    is lost or broken."""
    try:
        mask = decode_class_mask(services.artifacts.get(prediction.mask_digest))
        return as_shown(renumber(mask, prediction.model_version.labels, config.labels), config)
    except (ArtifactError, MaskError) as error:
        log.warning("prediction %d: %s", prediction.id, error)
        return None
