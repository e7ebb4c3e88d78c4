"""`hemline predict` on photos as people name them."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from hemline.errors import DatasetError
from hemline.segmentation.commands.main import app
from hemline.studio.scene import draw_scene


@pytest.fixture
def photos(tmp_path):
    paths = [tmp_path / f"{name}.png" for name in ("a", "b")]
    for path in paths:
        cv2.imwrite(str(path), np.full((48, 32, 3), 200, np.uint8))
    return paths


def predict(*arguments):
    result = CliRunner().invoke(app, ["predict", "--device", "cpu", *map(str, arguments)])
    if result.exception:
        raise result.exception


def test_no_mask_is_written_over_its_photo(photos, tmp_path):
    before = photos[0].read_bytes()
    with pytest.raises(DatasetError, match=r"a\.png' would be written over the photo itself"):
        predict("--out", tmp_path, photos[0])
    (tmp_path / "masks").symlink_to(tmp_path)
    with pytest.raises(DatasetError, match=r"a\.png' would be written over the photo itself"):
        predict("--out", tmp_path / "masks", "--cutout", photos[0])
    assert photos[0].read_bytes() == before


def test_a_photo_named_twice_has_one_mask(photos, tmp_path):
    predict("--out", tmp_path / "out", photos[0], photos[1], photos[0])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.png", "b.png"}


def test_a_mask_that_cannot_be_written_is_told_why_and_the_others_are(photos, tmp_path):
    (tmp_path / "out" / "a.png").mkdir(parents=True)
    arguments = ["predict", "--device", "cpu", "--out", tmp_path / "out", *photos]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert "a.png' cannot be written (Is a directory)" in result.stderr
    assert str(result.exception).startswith("1 of 2 photos have no mask")
    assert (tmp_path / "out" / "b.png").is_file()


@pytest.mark.parametrize("edge", ["hard", "softened", "soft", "sheer"])
def test_cutouts_have_the_edge_that_is_asked_for(photos, tmp_path, edge):
    cv2.imwrite(str(photos[0]), draw_scene(4, height=192, width=128).image[..., ::-1])
    predict("--out", tmp_path / "out", "--cutout", "--edge", edge, photos[0])
    cutout = cv2.imread(str(tmp_path / "out" / "a.png"), cv2.IMREAD_UNCHANGED)
    assert cutout is not None
    alpha = cutout[..., 3]
    assert ((alpha > 0) & (alpha < 255)).any() == (edge != "hard")
    assert (alpha == 255).mean() > 0.05


def test_an_edge_is_of_cutouts(photos, tmp_path):
    with pytest.raises(DatasetError, match="--edge soft applies only to cut-outs; add --cutout"):
        predict("--out", tmp_path / "out", "--edge", "soft", photos[0])
