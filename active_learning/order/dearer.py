"""Where it is predicted to cost less to draw a mask from nothing than to correct the pre-fill."""

import math

import numpy as np
from numpy.typing import NDArray

from active_learning.order.drawing_time import DrawingPredictor
from active_learning.order.work_time import Seconds, TimePredictor


def is_dearer(
    correcting: Seconds, drawing: Seconds, time: TimePredictor, drawn: DrawingPredictor
) -> NDArray[np.bool_]:
    """Whether correcting is dearer (N,): predicted to take longer than drawing, both (N,) seconds
    and NaN where unknown, by more than the margin.

    None is where pre-fills cannot be told apart: without trees, each would take the median.
    """
    if time.forest is None:
        return np.zeros(len(correcting), dtype=np.bool_)
    return np.asarray(correcting - drawing > margin_s(time, drawn), dtype=np.bool_)


def margin_s(time: TimePredictor, drawn: DrawingPredictor) -> float:
    """The mean errors of both predictions together, as those of independent ones add up; NaN while
    either is unknown."""
    if time.error_s is None or drawn.error_s is None:
        return math.nan
    return math.hypot(time.error_s, drawn.error_s)
