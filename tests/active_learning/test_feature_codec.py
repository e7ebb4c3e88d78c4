"""Features as they are stored: what is unknown stays unknown."""

from dataclasses import replace

import numpy as np
import pytest

from active_learning.blame import Blame
from active_learning.checks.look import CheckBox, CheckFigure
from active_learning.checks.mask_checks import LIMITS
from active_learning.feature_codec import feature_regions, feature_values, read_features
from active_learning.label_features import LabelFeatures
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.signals.garment_views import ViewSignals
from hemline.reasons import MaskCheck, Region

BOX = Region("polygon", [[1.0, 2.0], [3.0, 2.0], [3.0, 5.5]])
LINE = Region("line", [[1.0, 2.0], [3.0, 2.0]])


@pytest.mark.parametrize("has_row", [True, False])
def test_features_survive_the_store_with_what_is_unknown(has_row: bool) -> None:
    row = np.full(len(RISK_SIGNALS), np.nan, dtype=np.float32)
    row[0] = 0.25
    features = LabelFeatures(
        row if has_row else None,
        None if has_row else 0.9,
        low_contrast=0.25,
        complexity=(0.5, float("nan"), 1.0, 2.0, 3.0, 4.0),
        wrong=BOX,
        wrong_sentence="off",
        pale=LINE,
        excused=has_row,
        undecided=LINE,
        thin=BOX,
        whole=BOX,
        note="x",
        view=ViewSignals((50.0, 1.0, 2.0), 0.5, 0.25) if has_row else None,
        blame=Blame(0.02, 0.01, 0.0, BOX, LINE, None, below=True, faint=0.1) if has_row else None,
        checks={
            MaskCheck.HALO: CheckFigure(LIMITS[MaskCheck.HALO], CheckBox(1, 2, 3, 4)),
            MaskCheck.BLUR: CheckFigure(0.4),
        },
    )
    values = {k: None if v != v else v for k, v in feature_values(features).items()}
    again = read_features(values, feature_regions(features))
    assert (again.row is not None) == has_row
    if again.row is not None:
        assert np.array_equal(again.row, row, equal_nan=True)
    assert np.array_equal(again.complexity, features.complexity, equal_nan=True)
    assert replace(again, row=None, complexity=()) == replace(features, row=None, complexity=())


def test_the_box_of_a_check_is_kept_where_it_stands_out_and_a_broken_one_is_none() -> None:
    usual = CheckFigure(LIMITS[MaskCheck.HALO] - 0.1, CheckBox(1, 2, 3, 4))
    features = LabelFeatures(checks={MaskCheck.HALO: usual})
    values, regions = feature_values(features), feature_regions(features)
    assert read_features(values, regions).checks == {MaskCheck.HALO: CheckFigure(usual.number)}
    broken_ones: tuple[object, ...] = (None, [], {"halo": [1, 2]}, {"halo": "box"})
    for broken in broken_ones:
        found = read_features(values, {**regions, "checks": broken}).checks
        assert found == {MaskCheck.HALO: CheckFigure(usual.number)}
