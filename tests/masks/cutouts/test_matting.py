"""Soft edges against drawn truth: fur, mesh, lace, and cloth that was cut well already."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.masks.bench_matting import figures
from hemline.errors import MaskError
from hemline.masks.cutouts.edges import Edge, cut_out
from hemline.masks.cutouts.matting import cut_out_softly, find_band, find_holes
from hemline.studio.soft_edges import Cloth, draw_soft_scene


@pytest.mark.parametrize(
    ("cloth", "edge"),
    [
        (Cloth.FUR, Edge.SOFT),
        (Cloth.MESH, Edge.SHEER),
        (Cloth.LACE, Edge.SHEER),
        (Cloth.PLAIN, Edge.SOFT),
    ],
)
def test_half_the_error_of_a_softened_edge(cloth: Cloth, edge: Edge) -> None:
    scene = draw_soft_scene(5, cloth, height=640, width=480)
    before = np.array(figures(cut_out(scene.image, scene.mask, Edge.SOFTENED), scene))
    after = np.array(figures(cut_out(scene.image, scene.mask, edge), scene))
    sad, fringe = after[0] / before[0], after[3:].mean() / before[3:].mean()
    assert sad < 0.5
    assert fringe < 0.5


def test_what_is_far_from_the_edge_is_the_photos_own() -> None:
    scene = draw_soft_scene(7, Cloth.PLAIN, height=320, width=240)
    cutout = cut_out_softly(scene.image, scene.mask)
    band = find_band(scene.mask > 0)
    inner, outer = (scene.mask > 0) & ~band, (scene.mask == 0) & ~band
    assert (cutout[inner, :3] == scene.image[inner]).all()
    assert (cutout[inner, 3] == 255).all()
    assert not cutout[outer].any()
    assert not cutout[cutout[..., 3] == 0].any()


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("edge", list(Edge))
def test_masks_of_nothing_and_of_everything(value: int, edge: Edge) -> None:
    photo = np.full((40, 30, 3), 90, np.uint8)
    cutout = cut_out(photo, np.full((40, 30), value, np.uint8), edge)
    assert (cutout[..., 3] == 255 * value).all()


def test_doubt_widens_the_band() -> None:
    inside = np.zeros((300, 200), bool)
    inside[100:200, 50:150] = True
    doubt = np.where(inside, 1.0, 0.0)
    doubt[90:100, 50:150] = 0.5
    plain, doubtful = find_band(inside), find_band(inside, doubt)
    assert not plain[93, 100]
    assert doubtful[93, 100]
    assert (doubtful | plain == doubtful).all()


def test_cloth_of_the_backdrops_colour_is_no_hole() -> None:
    photo = np.full((200, 200, 3), 240, np.uint8)
    inside = np.zeros((200, 200), bool)
    inside[40:160, 40:160] = True
    assert not find_holes(photo, inside).any()


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(MaskError, match="do not fit"):
        cut_out_softly(np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4), np.uint8))


def test_pymatting_is_loaded_by_what_needs_it_alone() -> None:
    """It compiles while it is imported, which takes seconds."""
    code = (
        "import sys, backend.app, hemline.export.run\n"
        "import hemline.masks.cutouts.matting, hemline.masks.cutouts.edges\n"
        "assert not {'pymatting', 'numba'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
