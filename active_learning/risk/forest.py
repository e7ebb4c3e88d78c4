"""Boosted trees that can be kept: learnt by scikit-learn, stored as plain arrays, run by NumPy.

A pickle would run code when it is read and would break with the next scikit-learn.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from hemline.errors import ModelError

Rows = NDArray[np.floating]
_ARRAYS = ("roots", "feature", "threshold", "left", "right", "missing_left", "value")


@dataclass(frozen=True)
class Forest:
    """Binary trees in arrays, one entry a node; a leaf is its own child.

    A row goes left where its feature is at most the threshold, or is NaN and `missing_left`.
    """

    features: tuple[str, ...]
    baseline: float
    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float32]

    def raw(self, rows: Rows) -> NDArray[np.float64]:
        """Sum of the trees, (N,): log odds for a classifier, the value itself for a regressor.

        Args:
            rows: (N, len(features)) in the order of `features`; NaN is a missing value.
        """
        values = np.ascontiguousarray(rows, dtype=np.float32)
        line = np.arange(len(values))[:, None]
        node = np.broadcast_to(self.roots, (len(values), len(self.roots))).copy()
        while True:
            seen = values[line, self.feature[node]]
            goes_left = (seen <= self.threshold[node]) | (np.isnan(seen) & self.missing_left[node])
            following = np.where(goes_left, self.left[node], self.right[node])
            if np.array_equal(following, node):
                break
            node = following
        return np.asarray(self.baseline + self.value[node].sum(axis=1, dtype=np.float64))

    def to_bytes(self) -> bytes:
        """A compressed .npz without any pickle."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            features=np.array(self.features),
            baseline=np.float64(self.baseline),
            **{name: getattr(self, name) for name in _ARRAYS},
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Forest":
        """What `to_bytes` wrote.

        Raises:
            ModelError: the data is no forest.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in _ARRAYS}
                features = tuple(str(name) for name in file["features"])
                return cls(features, float(file["baseline"]), **arrays)
        except Exception as error:  # zipfile and numpy raise nearly anything on broken data
            raise ModelError(f"{len(data)} bytes are not stored trees: {error}") from error


def fit_classifier(
    features: tuple[str, ...],
    rows: Rows,
    bad: NDArray[np.bool_],
    *,
    weights: NDArray[np.floating] | None = None,
    directions: NDArray[np.integer] | None = None,
    trees: int = 120,
    leaves: int = 12,
    rate: float = 0.06,
    smallest_leaf: int = 20,
    seed: int = 0,
) -> Forest:
    """Trees for the log odds of `bad` (N,) from rows (N, F).

    `directions` (F,) says how each feature may count: 1 the more the likelier bad, -1 the less, 0
    not at all. By default each counts as it will.
    """
    used = np.arange(len(features)) if directions is None else np.flatnonzero(directions)
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=rate,
        min_samples_leaf=smallest_leaf,
        l2_regularization=1.0,
        max_features=0.4,
        early_stopping=False,
        monotonic_cst=None if directions is None else directions[used],
        random_state=seed,
    )
    model.fit(_known_columns(rows)[:, used], bad, sample_weight=weights)
    return _export(features, model, used)


def fit_regressor(
    features: tuple[str, ...],
    rows: Rows,
    values: NDArray[np.floating],
    *,
    quantile: float | None = None,
    trees: int = 80,
    leaves: int = 6,
    rate: float = 0.05,
    smallest_leaf: int = 10,
    seed: int = 0,
) -> Forest:
    """Trees for the mean absolute best guess of `values` (N,), or for one of their quantiles."""
    model = HistGradientBoostingRegressor(
        loss="absolute_error" if quantile is None else "quantile",
        quantile=quantile,
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=rate,
        min_samples_leaf=smallest_leaf,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(_known_columns(rows), values)
    return _export(features, model, np.arange(len(features)))


def _known_columns(rows: Rows) -> NDArray[np.float32]:
    """The rows with columns that are NaN throughout as 0: scikit-learn has no bins for nothing,
    and no tree will look at a constant."""
    values = np.array(rows, dtype=np.float32)
    values[:, np.isnan(values).all(axis=0)] = 0
    return values


def _export(
    features: tuple[str, ...],
    model: HistGradientBoostingClassifier | HistGradientBoostingRegressor,
    used: NDArray[np.integer],
) -> Forest:
    """The trees as arrays; `used` are the columns that the model was given."""
    trees = [predictors[0].nodes for predictors in model._predictors]
    starts = np.cumsum([0, *(len(nodes) for nodes in trees)])[:-1]
    nodes = np.concatenate(trees)
    offset = np.repeat(starts, [len(tree) for tree in trees])
    leaf = nodes["is_leaf"].astype(bool)
    own = np.arange(len(nodes))
    return Forest(
        features=features,
        baseline=float(np.ravel(model._baseline_prediction)[0]),
        roots=starts.astype(np.int32),
        feature=np.where(leaf, 0, used[nodes["feature_idx"]]).astype(np.int16),
        threshold=np.where(leaf, 0, nodes["num_threshold"]).astype(np.float32),
        left=np.where(leaf, own, nodes["left"] + offset).astype(np.int32),
        right=np.where(leaf, own, nodes["right"] + offset).astype(np.int32),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=np.where(leaf, nodes["value"], 0).astype(np.float32),
    )
