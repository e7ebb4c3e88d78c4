"""The risk model that ships with Hemline, read from its file once."""

from functools import cache
from importlib.resources import files

from active_learning.risk.label_risk import RiskModel
from active_learning.risk.risk_file import load_risk_model
from hemline.errors import ModelError

_FILE = files("active_learning.risk") / "weights" / "label_risk.npz"


@cache
def shipped_risk_model() -> RiskModel:
    """The risk model that ships with Hemline, for projects with few labels of their own.

    Raises:
        ModelError: the file is missing or broken.
    """
    try:
        return load_risk_model(_FILE.read_bytes())
    except OSError as error:
        raise ModelError(
            f"the shipped risk model '{_FILE}' cannot be read; reinstall Hemline"
        ) from error
