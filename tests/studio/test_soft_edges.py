"""Drawn fur, mesh and lace."""

import numpy as np
import pytest

from hemline.studio.soft_edges import Cloth, draw_soft_scene


@pytest.mark.parametrize("cloth", list(Cloth))
def test_a_scene_is_the_same_each_time_and_its_photo_what_its_truth_says(cloth: Cloth) -> None:
    scene, again = (draw_soft_scene(3, cloth, height=320, width=240) for _ in range(2))
    assert (scene.image == again.image).all()
    solid = scene.alpha > 0.999
    off = np.abs(scene.image[solid] - scene.colours[solid])
    assert np.median(off) < 3
    assert 0.1 < scene.mask.mean() < 0.6


def test_mesh_and_lace_have_holes_where_the_mask_has_none() -> None:
    for cloth in (Cloth.MESH, Cloth.LACE):
        scene = draw_soft_scene(3, cloth, height=640, width=480)
        inside = scene.mask > 0
        assert (scene.alpha[inside] < 0.1).mean() > 0.02


def test_fur_runs_out_of_its_mask() -> None:
    scene = draw_soft_scene(3, Cloth.FUR, height=640, width=480)
    assert ((scene.alpha > 0.2) & (scene.mask == 0)).sum() > 300
