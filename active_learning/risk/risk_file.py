"""A risk model as the bytes of one small file."""

import io

import numpy as np

from active_learning.risk.forest import Forest
from active_learning.risk.label_risk import RISK_SIGNALS, RiskModel
from active_learning.signals.arc_signals import ARC_SIGNALS
from hemline.errors import ModelError


def dump_risk_model(model: RiskModel) -> bytes:
    """The model as an .npz without any pickle."""
    file = io.BytesIO()
    np.savez(
        file,
        arcs=np.frombuffer(model.arcs.to_bytes(), dtype=np.uint8),
        labels=np.frombuffer(model.labels.to_bytes(), dtype=np.uint8),
        calibration=np.array([model.slope, model.shift]),
    )
    return file.getvalue()


def load_risk_model(data: bytes) -> RiskModel:
    """What `dump_risk_model` wrote.

    Raises:
        ModelError: the data is no risk model, or was learnt from other signals than today's.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arcs, labels = (bytes(file[name]) for name in ("arcs", "labels"))
            slope, shift = (float(value) for value in file["calibration"])
    except Exception as error:  # zipfile and numpy raise nearly anything on broken data
        raise ModelError(f"{len(data)} bytes are not a risk model: {error}") from error
    model = RiskModel(Forest.from_bytes(arcs), Forest.from_bytes(labels), slope, shift)
    if model.arcs.features != ARC_SIGNALS or model.labels.features != RISK_SIGNALS:
        raise ModelError(
            "the risk model was learnt from another version of the signals; fit it again"
        )
    return model
