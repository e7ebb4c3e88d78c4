"""Embeddings in bytes keep the angles between what they were made of."""

import numpy as np
import pytest

from hemline.errors import MaskError
from hemline.masks.figures.embedding import LENGTH, pack_embedding, unpack_embeddings


def test_angles_survive_for_any_length() -> None:
    rng = np.random.default_rng(0)
    for length in (320, 1280):
        base = rng.random(length)
        others = [base + rng.normal(0, spread, length) for spread in (0.05, 0.5, 5)]
        kept = unpack_embeddings([pack_embedding(row) for row in (base, *others)])
        for row, other in zip(kept[1:], others, strict=True):
            cosine = base @ other / np.linalg.norm(base) / np.linalg.norm(other)
            assert float(kept[0] @ row) == pytest.approx(cosine, abs=0.2)
        assert kept[0] @ kept[1] > kept[0] @ kept[2] > kept[0] @ kept[3]


def test_the_same_features_give_the_same_bytes_whatever_their_scale() -> None:
    features = np.random.default_rng(1).normal(size=96).astype(np.float32)
    packed = pack_embedding(features)
    assert len(packed) == LENGTH
    assert pack_embedding(features * 4) == packed
    assert packed[:4].hex() == pack_embedding(features.copy())[:4].hex()


def test_nothing_stays_nothing() -> None:
    kept = unpack_embeddings([pack_embedding(np.zeros(8))])
    assert not kept.any()
    assert unpack_embeddings([]).shape == (0, LENGTH)


@pytest.mark.parametrize(
    "features", [np.zeros((2, 2)), np.zeros(0), np.array([1.0, np.nan]), np.array([np.inf])]
)
def test_what_is_no_vector_is_refused(features: np.ndarray) -> None:
    with pytest.raises(MaskError):
        pack_embedding(features)


def test_bytes_of_another_length_are_refused() -> None:
    with pytest.raises(MaskError, match="127"):
        unpack_embeddings([bytes(127)])
