"""What is drawn: outlines where the mask's edge is, differences where masks differ."""

from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from backend.dashboard.pictures import paint
from backend.dashboard.pictures.picture import Painter, PictureKind, PictureSpec
from backend.dashboard.pictures.placeholder import BUSY_WIDTH, busy_placeholder, placeholder
from hemline.errors import MaskError
from hemline.labelstudio.photos.photos import Photo
from hemline.store.database.artifacts import ArtifactStore

SVG = "{http://www.w3.org/2000/svg}"


def square(size: int = 40, low: int = 10, high: int = 30) -> NDArray[np.uint8]:
    mask = np.zeros((size, size), np.uint8)
    mask[low:high, low:high] = 1
    return mask


def test_outlines_are_drawn_at_the_edge_of_the_mask_at_any_scale() -> None:
    for side in (20, 40, 80):
        canvas = np.full((side, side, 3), 255, np.uint8)
        paint.draw_outlines(canvas, square(), paint.CORRECTION, 1)
        touched = np.argwhere((canvas < 200).any(axis=-1)) / side
        assert np.abs(touched.min() - 0.25) < 3.5 / side
        assert np.abs(touched.max() - 0.75) < 3.5 / side
        assert (canvas[side // 2, side // 2] == 255).all()


def test_a_difference_is_blue_where_only_the_correction_is_and_orange_the_other_way() -> None:
    shifted = np.roll(square(), 5, axis=1)
    layer = paint.difference(square(), shifted, (40, 40))
    assert tuple(layer[20, 12, :3]) == paint.CORRECTION
    assert tuple(layer[20, 32, :3]) == paint.PREDICTION
    assert layer[20, 20, 3] == 0
    assert layer[2, 2, 3] == 0
    assert (paint.difference(square(), square(), (20, 20))[..., 3] == 0).all()


@pytest.mark.parametrize("classes", [1, 3])
def test_uncertainty_is_seen_where_a_model_is_unsure(classes: int) -> None:
    sure, unsure = ([0.98], [0.5]) if classes == 1 else ([0.98, 0.01, 0.01], [0.4, 0.4, 0.2])
    probabilities = np.zeros((classes, 4, 4), np.float32)
    probabilities[:, :, :2] = np.array(sure)[:, None, None]
    probabilities[:, :, 2:] = np.array(unsure)[:, None, None]
    layer = paint.uncertainty(probabilities, (40, 40))
    assert layer[20, 2, 3] < 30
    assert layer[20, 37, 3] > 200


def test_outlines_as_svg_have_holes_and_the_mask_s_size() -> None:
    mask = square()
    mask[15:20, 15:20] = 0
    root = ElementTree.fromstring(paint.outline_svg(mask, paint.CORRECTION, 2))
    assert root.get("viewBox") == "0 0 40 40"
    paths = root.findall(f"{SVG}path")
    assert [path.get("d", "").count("M") for path in paths] == [2, 2]


def test_pictures_are_never_enlarged() -> None:
    assert paint.fitted((3000, 2000, 3), 1600) == (1600, 1067)
    assert paint.fitted((30, 20), 1600) == (30, 20)
    assert paint.fitted((1, 100_000), 1600) == (1, 1600)


@pytest.mark.parametrize("sentence", ["", "<script>&\x00\u202e", "word " * 400, "x" * 4000])
def test_any_sentence_can_stand_in_a_picture_s_place(sentence: str) -> None:
    root = ElementTree.fromstring(placeholder(sentence))
    assert root.findall(f"{SVG}script") == []
    assert 1 <= len(root.findall(f".//{SVG}text")) <= 14
    assert ElementTree.fromstring(busy_placeholder()).get("width") == str(BUSY_WIDTH)


class NoPhotos:
    def fetch(self, url: str, *, task_id: int | None = None) -> Photo:
        raise AssertionError("this picture needs no photo")


def test_what_is_missing_is_said(tmp_path: object) -> None:
    painter = Painter(ArtifactStore(f"{tmp_path}/artifacts"), NoPhotos(), 10**6)
    for kind in (
        PictureKind.CORRECTION,
        PictureKind.DIFFERENCE,
        PictureKind.UNCERTAINTY,
        PictureKind.LOW_CONTRAST,
    ):
        with pytest.raises(MaskError):
            painter.draw(PictureSpec(kind))
    drawn = painter.draw(
        PictureSpec(PictureKind.DISAGREEMENT, size=(4, 3), lines=(((0, 0), (2, 2)),))
    )
    assert b'viewBox="0 0 3 4"' in drawn


def test_a_key_tells_pictures_apart() -> None:
    one = PictureSpec(PictureKind.CARD, correction="a")
    assert one.key == PictureSpec(PictureKind.CARD, correction="a").key
    assert one.key != PictureSpec(PictureKind.CARD, prediction="a").key
    assert one.key != PictureSpec(PictureKind.PHOTO, correction="a").key


def test_a_cut_out_is_cropped_to_what_is_seen_with_a_margin():
    cutout = np.zeros((200, 300, 4), np.uint8)
    cutout[50:150, 120:140] = 255
    found = paint.cropped(cutout, 0.1)
    assert found.shape == (122, 42, 4)
    assert (found[11:111, 11:31] == 255).all()
    assert found.astype(int).sum() == cutout.astype(int).sum()
    cutout[0, 0] = cutout[-1, -1] = 255
    assert paint.cropped(cutout, 0.1).shape == cutout.shape
    empty = np.zeros((5, 6, 4), np.uint8)
    assert paint.cropped(empty, 0.1).shape == empty.shape
