"""The measure of labels needed: where a curve reaches its goal, and the network it is made with."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import save_file

from benchmarks.learning.bench_labels import (
    BUDGETS,
    Draw,
    by_chance,
    coverage_alone,
    draw_of,
    labels_needed,
    least_softmin,
    ours,
)
from benchmarks.learning.small_network import Photos
from hemline.datasets.sample import Sample
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import VIEWS, draw_scene


@dataclass
class _Curve:
    """Stands for a draw: Dice by the number of labels."""

    goal: float
    values: dict[int, float]
    pool: list[int]
    seed: int = 3

    def dice(self, known):
        assert len(set(known)) == len(known)
        return self.values.get(len(known), 0.1)


def _draw(goal: float, values: dict[int, float], count: int = 400) -> Draw:
    return cast(Draw, _Curve(goal, values, list(range(count))))


def test_the_goal_is_placed_between_two_budgets_by_the_logarithm():
    between = _draw(0.5, {20: 0.4, 26: 0.6})
    assert labels_needed(between, by_chance(0)) == pytest.approx((20 * 26) ** 0.5)
    assert labels_needed(_draw(0.5, {5: 0.5}), by_chance(0)) == BUDGETS[0]
    assert labels_needed(_draw(0.5, {400: 0.5}), by_chance(0)) == pytest.approx(400)
    assert labels_needed(_draw(0.5, {}), by_chance(0)) == pytest.approx(400)


def test_chance_takes_each_photo_once_and_others_at_each_turn():
    draw = _draw(0.5, {}, count=40)
    first = by_chance(0)(draw, [], 10)
    assert sorted(first + by_chance(0)(draw, first, 30)) == list(range(40))
    assert by_chance(1)(draw, [], 10) != first


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    torch.manual_seed(0)
    encoder = smp.encoders.get_encoder("mobilenet_v2", weights=None)
    path = Path(tmp_path_factory.mktemp("encoder")) / "random.safetensors"
    save_file(encoder.state_dict(), path)
    garments = [(f"g{seed}", view, seed) for seed in range(12) for view in VIEWS]
    return Photos(
        [
            Sample(f"{name}_{view}", name, view, "drawn", partial(drawn, seed, view))
            for name, view, seed in garments
        ],
        path,
    )


def drawn(seed: int, view: str) -> tuple[np.ndarray, np.ndarray]:
    scene = draw_scene(seed, view=view, height=192, width=128, kind=FigureKind.MANNEQUIN)
    return scene.image, scene.mask


@pytest.mark.learned
def test_the_small_network_learns_what_it_is_given(photos: Photos) -> None:
    assert len(photos) >= 24
    everything = range(len(photos))
    assert photos.dice(photos.train(everything), everything) > 0.65
    few = photos.train([0])
    assert photos.dice(few, [0]) > photos.dice(few, everything)
    p = photos.predict(few, everything)
    assert p.shape == photos.masks.shape
    assert float(p.min()) >= 0
    assert float(p.max()) <= 1


def test_every_order_takes_new_photos_of_the_pool(photos: Photos) -> None:
    draw = draw_of(photos, seed=0)
    assert not set(draw.pool) & set(draw.unseen)
    for choose in (ours, coverage_alone, least_softmin):
        known = choose(draw, [], 4)
        for _ in range(2):
            more = choose(draw, known, 4)
            assert len(set(known + more)) == len(known) + 4
            assert set(more) < set(range(len(draw.pool)))
            known += more
        assert known[:4] == choose(draw, [], 4), "the same draw, the same choice"


@pytest.mark.learned
def test_pseudo_labels_change_the_network_and_not_what_it_learnt(photos: Photos) -> None:
    draw = draw_of(photos, seed=0)
    again = replace(draw, pseudo=True)
    known = list(range(4))
    assert not np.allclose(draw.network(known), again.network(known))
    labelled = [draw.pool[k] for k in known]
    assert photos.dice(again.network(known), labelled) > 0.8
