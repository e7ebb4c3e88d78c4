"""Which type a garment is of, from what a network's encoder made of its photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from hemline.errors import ModelError
from hemline.segmentation.model_card import CHOOSER, read_card

Embeddings = NDArray[np.float32]

_WEIGHT, _BIAS = "weight", "bias"
_FLAT = 1e-6  # deviation of a feature that says nothing


@dataclass(frozen=True, slots=True)
class TypeChooser:
    """A softmax regression: type k of an embedding `(E,)` has the logit weight[k] @ e + bias[k].

    `weight` is `(T, E)` and `bias` `(T,)` float32, in the order of `types`.
    """

    types: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def fit(cls, embeddings: Embeddings, types: Sequence[str]) -> "TypeChooser":
        """The chooser of photos with embeddings `(N, E)` and their types, two or more of them.

        Features are brought to one scale, which is folded into the weights; types weigh alike,
        however many photos each has.
        """
        from sklearn.linear_model import LogisticRegression  # only a training needs it

        names = tuple(sorted(set(types)))
        middle = embeddings.mean(axis=0)
        scale = embeddings.std(axis=0)
        scale = np.where(scale > _FLAT, scale, np.inf)
        model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
        model.fit((embeddings - middle) / scale, [names.index(name) for name in types])
        weight, bias = model.coef_, model.intercept_
        if len(names) == 2:  # it has one row then: the logit of the second against the first
            weight, bias = np.vstack([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        weight = weight / scale
        return cls(names, weight.astype(np.float32), (bias - weight @ middle).astype(np.float32))

    def choose(self, embedding: NDArray[np.float32]) -> tuple[str, float]:
        """The likeliest type of a photo with this embedding `(E,)`, and its probability."""
        logits = self.weight @ embedding + self.bias
        shares = np.exp(logits - logits.max())
        best = int(np.argmax(shares))
        return self.types[best], float(shares[best] / shares.sum())

    def state(self) -> dict[str, Embeddings]:
        """What a model file keeps of it."""
        return {_WEIGHT: self.weight, _BIAS: self.bias}


def load_chooser(path: Path) -> TypeChooser | None:
    """The chooser of a model file; None if it has no specialists.

    Raises:
        ModelError: the file is broken.
    """
    types = read_card(path).types
    if not types:
        return None
    try:
        with safe_open(path, framework="np") as file:
            weight, bias = (file.get_tensor(CHOOSER + key) for key in (_WEIGHT, _BIAS))
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"model '{path}' lacks its chooser of types ({error}); train it again"
        ) from error
    return TypeChooser(types, weight.astype(np.float32), bias.astype(np.float32))
