"""Risk: planted faults, and what is learnt from them."""

import numpy as np
import pytest

from active_learning.risk.label_risk import worst_arc
from active_learning.risk.learn import make_examples, pack_examples, unpack_examples
from active_learning.risk.planted import SWAPPED, kinds_for, plant
from tests.active_learning.garments import draw, probabilities


@pytest.mark.parametrize("kind", kinds_for(masks_have_classes=True))
def test_each_kind_of_fault_can_be_planted(kind):
    photo, mask = draw(0, (360, 240))
    classes = mask * np.where(np.arange(360) < 160, 1, 2)[:, None].astype(np.uint8)
    other = draw(5, (200, 300))[1]
    planted = plant(classes, kind, np.random.default_rng(1), other=other, photo=photo)
    if kind == "colour_part" and planted is None:
        return  # a plain garment may have no part of another colour
    assert planted is not None
    assert planted.mask.shape == classes.shape
    assert set(np.unique(planted.mask)) <= {0, 1, 2}
    assert planted.dice < 0.995
    again = plant(classes, kind, np.random.default_rng(1), other=other, photo=photo)
    assert again is not None
    assert np.array_equal(planted.mask, again.mask)


def test_nothing_is_planted_where_it_cannot_be():
    empty = np.zeros((20, 20), np.uint8)
    rng = np.random.default_rng(0)
    assert all(plant(empty, kind, rng) is None for kind in kinds_for(masks_have_classes=True))
    _, mask = draw(0)
    assert plant(mask, SWAPPED, rng) is None
    assert plant(mask, "other_garment", rng) is None


def test_examples_know_where_the_outline_is_off_and_can_be_kept():
    photo, mask = draw(0)
    examples = make_examples(
        photo, mask, probabilities(mask), garment="a", kinds=["hem_cut", "shifted"]
    )
    assert [example.kind for example in examples] == ["clean", "hem_cut", "shifted"]
    clean, hem, shifted = examples
    assert not clean.off.any()
    assert 0 < hem.off.mean() < 0.5
    assert shifted.off.mean() > hem.off.mean()
    back = unpack_examples(pack_examples(examples))
    assert [example.kind for example in back] == [example.kind for example in examples]
    assert np.array_equal(back[1].off, hem.off)
    assert back[2].signals.arcs == pytest.approx(
        shifted.signals.arcs, rel=2e-3, abs=1e-3, nan_ok=True
    )
    assert unpack_examples(pack_examples([])) == []


def test_the_worst_arc_is_the_worst_stretch_of_one_outline():
    points = np.array([0.0, 0.1, 0.9, 0.8, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    piece = np.array([0] * 8 + [1] * 2)
    mean, where = worst_arc(points, piece, 0.2)
    assert mean == pytest.approx(0.85)
    assert where.tolist() == [2, 3]
    around = worst_arc(np.array([0.9, 0, 0, 0, 0.7]), np.zeros(5, np.int64), 0.4)
    assert around[0] == pytest.approx(0.8)
    assert sorted(around[1].tolist()) == [0, 4]
