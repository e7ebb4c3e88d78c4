"""The risk model that ships can be read, and kept again without loss."""

import numpy as np
import pytest

from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.risk.risk_file import dump_risk_model, load_risk_model
from hemline.errors import ModelError
from worker.shipped_risk import shipped_risk_model


def test_the_shipped_model_can_be_kept_and_nothing_else_is_read():
    model = shipped_risk_model()
    rows = np.random.default_rng(0).random((5, len(RISK_SIGNALS)))
    back = load_risk_model(dump_risk_model(model))
    assert back.risk(rows) == pytest.approx(model.risk(rows))
    for data in (b"", b"PK\x03\x04"):
        with pytest.raises(ModelError, match="not a risk model"):
            load_risk_model(data)
