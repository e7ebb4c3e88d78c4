"""Stored trees say what scikit-learn's say, NaN and all, and nothing broken is read."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from active_learning.risk.forest import Forest, fit_classifier, fit_regressor
from hemline.errors import ModelError

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, 3)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows, np.nan_to_num(rows[:, 0]) + 0.5 * np.nan_to_num(rows[:, 1]) > 0.3


def test_the_trees_are_scikit_learns(data, monkeypatch):
    rows, bad = data
    made = []
    real = HistGradientBoostingClassifier.fit

    def fit(self, *args, **kwargs):
        made.append(self)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", fit)
    forest = fit_classifier(NAMES, rows, bad, trees=30)
    assert forest.raw(rows) == pytest.approx(made[0].decision_function(rows), abs=1e-4)


def test_bytes_and_back(data):
    rows, bad = data
    forest = fit_classifier(NAMES, rows, bad, trees=10)
    back = Forest.from_bytes(forest.to_bytes())
    assert back.features == NAMES
    assert np.array_equal(back.raw(rows), forest.raw(rows))


def test_a_column_without_any_value_is_no_obstacle(data):
    rows, bad = data
    rows = rows.copy()
    rows[:, 2] = np.nan
    forest = fit_classifier(NAMES, rows, bad, trees=5)
    assert np.isfinite(forest.raw(rows)).all()
    rows[:, 2] = 1e6
    assert np.isfinite(forest.raw(rows)).all()


def test_a_feature_counts_in_its_direction_or_not_at_all(data):
    rows, bad = data
    forest = fit_classifier(NAMES, rows, bad, directions=np.array([1, 0, -1]), trees=40)
    steps = []
    for column in range(3):
        moved = np.zeros((50, 3), np.float32)
        moved[:, column] = np.linspace(-3, 3, 50)
        steps.append(np.diff(forest.raw(moved)))
    assert (steps[0] >= -1e-9).all()
    assert (steps[0] > 0).any()
    assert not steps[1].any()  # it tells much, and is not learnt from
    assert (steps[2] <= 1e-9).all()


def test_quantiles_lie_in_order(data):
    rows, _ = data
    values = np.nan_to_num(rows[:, 0]) + np.random.default_rng(1).normal(size=len(rows))
    low = fit_regressor(NAMES, rows, values, quantile=0.1).raw(rows)
    assert 0.03 < (values < low).mean() < 0.2


def test_what_is_no_forest_is_refused():
    for data in (b"", b"PK\x03\x04rubbish", b"x" * 100):
        with pytest.raises(ModelError, match="not stored trees"):
            Forest.from_bytes(data)
