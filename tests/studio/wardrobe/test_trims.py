"""Collars and lapels: where they are seen, and that they lie on their garment."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from hemline.studio.figure.body import FigureKind, sample_body
from hemline.studio.figure.geometry import Camera
from hemline.studio.wardrobe.tailor import Made, make
from hemline.studio.wardrobe.trims import collar, lapels
from hemline.studio.wardrobe.wardrobe import GarmentType, sample_garment


def coat(gap: float) -> Made:
    rng = np.random.default_rng(4)
    body = sample_body(rng, FigureKind.MANNEQUIN)
    garment = sample_garment(rng, GarmentType.COAT)
    return make(replace(garment, gap=gap, collar=True), body, rng)


def seen_from(yaw: float) -> Camera:
    return Camera(yaw=yaw, scale=1000, left=500, top=0)


def test_an_open_coat_has_two_lapels_in_front_and_none_behind() -> None:
    panels = coat(0.4).pieces
    assert len(panels) == 2
    assert [len(lapels(panel, seen_from(0))) for panel in panels] == [1, 1]
    assert [len(lapels(panel, seen_from(pi))) for panel in panels] == [0, 0]


@pytest.mark.parametrize("yaw", [0.0, 0.7, pi])
def test_a_collar_sits_at_the_neck(yaw: float) -> None:
    (piece,) = coat(0.0).pieces
    assert piece.neckline is not None
    leaves = collar(piece, piece.neckline, seen_from(yaw))
    assert len(leaves) == (1 if yaw == pi else 2)
    points = np.concatenate(leaves)
    assert np.abs(points[:, 0] - 500).max() < 130
    assert 130 < points[:, 1].min() < points[:, 1].max() < 280
