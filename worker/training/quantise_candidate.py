"""A candidate's network in int8, calibrated on the project's photos, compared on its gold split."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hemline.errors import HemlineError
from hemline.prefill.conversions import Conversions
from hemline.segmentation.evaluation.evaluate import ItemFigures, evaluate
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.runtime.cost import cost_of
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.runtime.quantise import can_be_quantised, quantise
from worker.services import Services
from worker.training.snapshot_samples import SnapshotSamples

log = logging.getLogger(__name__)


def quantise_candidate(
    services: Services,
    weights_digest: str,
    data: SnapshotSamples,
    figures: Sequence[ItemFigures],
) -> dict[str, Any]:
    """Converts what will be served, and keeps an int8 network where it is as good.

    `figures` are the candidate's own on the gold split. Returns "int8" for the version's
    figures, with dice, fp32_dice, photos and serves; empty where PyTorch serves, the CPU is no
    faster in int8, or nothing can be made int8. A training never fails for this: what goes wrong
    is logged, and fp32 serves.
    """
    on_cpu = services.settings.model_copy(update={"device": "cpu"})  # as whoever serves may have
    conversions = Conversions(services.store, services.artifacts, on_cpu)
    try:
        conversions.prepare(weights_digest)
        model = services.artifacts.local_path(weights_digest)
        converted = conversions.fp32_path(weights_digest)
        if converted is None or not conversions.int8_may_serve():
            return {}
        if not data.train or not can_be_quantised(model):
            return {}
        with TemporaryDirectory(prefix="hemline-int8-") as folder:
            network = Path(folder) / "int8.safetensors"
            quantise(model, converted, data.train, network)
            predictor = Predictor(model, runtime=OpenVinoRuntime(network))
            cost = cost_of(evaluate(predictor, data.gold).items, figures)
            conversions.keep_int8(weights_digest, network, cost)
    except HemlineError as error:
        log.warning("the candidate is not made int8: %s", error)
        return {}
    return {"int8": {**asdict(cost), "serves": cost.is_small}}
