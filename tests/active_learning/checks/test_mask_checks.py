"""Each check sees what it is for, by how much, and where; and passes by a hair."""

import cv2
import numpy as np
import pytest

from active_learning.checks.mask_checks import (
    LIMITS,
    check_mask,
    check_numbers,
    checks_found,
    stands_out,
)
from hemline.errors import MaskError
from hemline.reasons import MaskCheck
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import draw_scene
from hemline.studio.wardrobe.prints import Pattern
from hemline.studio.wardrobe.wardrobe import GarmentType

WALL, CLOTH = (214, 210, 204), (46, 72, 128)
HEIGHT, WIDTH = 900, 700


def draw_coat() -> np.ndarray:
    """A mask (H, W) of a garment with two sleeves, round everywhere."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (350, 460), (130, 300), 0, 0, 360, 1, cv2.FILLED)
    for side in (-1, 1):
        cv2.ellipse(mask, (350 + side * 150, 380), (45, 210), -side * 12, 0, 360, 1, cv2.FILLED)
    return mask


def shoot(mask: np.ndarray, cloth: tuple[int, int, int] = CLOTH, seed: int = 0) -> np.ndarray:
    """A photo (H, W, 3) of what a mask shows, with an edge as a lens draws it and some noise."""
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[..., None]
    noise = np.random.default_rng(seed).normal(0, 2, (*mask.shape, 3))
    # A weave, so that there is something to be sharp.
    weave = 30.0 * ((np.indices(mask.shape).sum(axis=0) // 6) % 2)[..., None]
    photo = share * (np.array(cloth, np.float32) + weave) + (1 - share) * np.array(WALL) + noise
    return np.asarray(np.clip(photo, 0, 255), dtype=np.uint8)


def figure(photo, mask, check):
    return check_mask(photo, mask)[check]


def raised(photo, mask) -> set[MaskCheck]:
    return {
        check for check, found in check_mask(photo, mask).items() if stands_out(check, found.number)
    }


@pytest.fixture(scope="module")
def coat():
    mask = draw_coat()
    return shoot(mask), mask


def test_nothing_stands_out_on_a_right_mask(coat):
    assert raised(*coat) == set()


@pytest.mark.parametrize("seed", range(6))
def test_nothing_stands_out_on_drawn_garments(seed):
    scene = draw_scene(
        seed,
        kind=FigureKind.MANNEQUIN,
        garment_type=GarmentType.DRESS,
        pattern=Pattern.PLAIN,
        height=1200,
        width=800,
    )
    assert raised(scene.image, scene.mask) <= {MaskCheck.BLUR}


def test_a_mask_that_is_three_pixels_too_wide_has_a_halo(coat):
    photo, mask = coat
    wide = cv2.dilate(mask, np.ones((7, 7), np.uint8))
    found = figure(photo, wide, MaskCheck.HALO)
    assert found.number > 1.5 * LIMITS[MaskCheck.HALO]
    assert found.box is not None
    assert found.box.width > 300


def test_a_halo_on_a_quarter_of_the_edge_is_none(coat):
    photo, mask = coat
    wide = mask.copy()
    wide[:, 480:] = cv2.dilate(mask, np.ones((7, 7), np.uint8))[:, 480:]
    assert 0 < figure(photo, wide, MaskCheck.HALO).number < LIMITS[MaskCheck.HALO]


@pytest.mark.parametrize(("columns", "stands"), [(3, False), (12, True)])
def test_a_garment_that_leaves_the_photo_is_cut(coat, columns, stands):
    _, mask = coat
    moved = np.zeros_like(mask)
    moved[HEIGHT - 60 :, 300 : 300 + columns] = 1
    moved |= mask
    found = figure(shoot(moved), moved, MaskCheck.CUT_BY_FRAME)
    assert found.number == pytest.approx(columns / WIDTH)
    assert found.box.as_list() == [300, HEIGHT - 1, columns, 1]
    assert stands_out(MaskCheck.CUT_BY_FRAME, found.number) is stands


def test_specks_are_counted_and_the_largest_is_shown(coat):
    photo, mask = coat
    with_specks = mask.copy()
    with_specks[40:44, 60:64] = 1
    with_specks[840:846, 640:646] = 1
    found = figure(photo, with_specks, MaskCheck.STRAY_PARTS)
    assert found.number == 2
    assert found.box.as_list() == [640, 840, 6, 6]


def test_a_button_that_lies_apart_is_no_speck(coat):
    """It has the garment's colour: a part that is seen beside a bag's strap."""
    _, mask = coat
    with_button = mask.copy()
    with_button[40:48, 60:68] = 1
    assert figure(shoot(with_button), with_button, MaskCheck.STRAY_PARTS).number == 0


@pytest.mark.parametrize(("radius", "stands"), [(14, False), (34, True)])
def test_an_opening_that_is_filled_shows_the_backdrop(coat, radius, stands):
    _, mask = coat
    with_hole = mask.copy()
    cv2.circle(with_hole, (350, 300), radius, 0, cv2.FILLED)
    found = figure(shoot(with_hole), mask, MaskCheck.FILLED_OPENING)
    share = np.pi * radius**2 / mask.sum()
    assert found.number == pytest.approx(share, rel=0.3)
    assert stands_out(MaskCheck.FILLED_OPENING, found.number) is stands
    assert abs(found.box.left + found.box.width / 2 - 350) < 5
    assert abs(found.box.top + found.box.height / 2 - 300) < 5


def test_a_garment_of_the_backdrops_colour_has_no_opening(coat):
    _, mask = coat
    assert figure(shoot(mask, cloth=WALL), mask, MaskCheck.FILLED_OPENING).number == 0


@pytest.mark.parametrize(("length", "stands"), [(90, False), (260, True)])
def test_a_strap_that_is_left_out_is_as_long_as_it_is(coat, length, stands):
    _, mask = coat
    with_strap = mask.copy()
    cv2.line(with_strap, (350, 170), (350 + length, 170 - length // 3), 1, 7)
    photo = shoot(with_strap)
    found = figure(photo, mask, MaskCheck.LOST_STRAP)
    assert stands_out(MaskCheck.LOST_STRAP, found.number) is stands
    assert figure(photo, with_strap, MaskCheck.LOST_STRAP).number == 0
    if stands:
        assert found.number == pytest.approx(1.05 * length / mask.sum() ** 0.5, rel=0.25)
        assert found.box.left + found.box.width == pytest.approx(350 + length, abs=12)


@pytest.mark.parametrize(("foot", "stands"), [(30, False), (140, True)])
def test_a_stand_in_the_mask_is_foreign(coat, foot, stands):
    photo, mask = coat
    photo = photo.copy()
    stand = np.zeros_like(mask)
    stand[765:850, 328:372] = 1
    cv2.ellipse(stand, (350, 850), (foot, 24), 0, 0, 360, 1, cv2.FILLED)
    photo[stand > 0] = (222, 170, 140)
    found = figure(photo, mask | stand, MaskCheck.REMNANT)
    assert found.number == pytest.approx(stand.sum() / (mask | stand).sum(), rel=0.3)
    assert stands_out(MaskCheck.REMNANT, found.number) is stands
    assert found.box.left == pytest.approx(350 - max(foot, 22), abs=8)
    assert found.box.top == pytest.approx(765, abs=8)


@pytest.mark.parametrize(("rows", "stands"), [(40, False), (430, True)])
def test_a_sleeve_that_one_side_lacks_is_seen(coat, rows, stands):
    photo, mask = coat
    without = mask.copy()
    without[600 - rows : 600, 483:] = 0
    found = figure(photo, without, MaskCheck.UNEVEN_SIDES)
    assert stands_out(MaskCheck.UNEVEN_SIDES, found.number) is stands
    assert not stands or found.box.left > 400


@pytest.mark.parametrize(("step", "stands"), [(2, False), (14, True)])
def test_a_mask_in_steps_is_jagged(coat, step, stands):
    photo, mask = coat
    rng = np.random.default_rng(0)
    size = (WIDTH // step, HEIGHT // step)
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small += rng.uniform(-0.45, 0.45, small.shape) * (small > 0) * (small < 1)
    steps = cv2.resize(
        (small > 0.5).astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST
    )
    assert stands_out(MaskCheck.JAGGED, figure(photo, steps, MaskCheck.JAGGED).number) is stands


@pytest.mark.parametrize(("stray", "stands"), [(0.5, False), (30.0, True)])
def test_a_mask_of_straight_lines_is_seen(coat, stray, stands):
    photo, mask = coat
    lines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    straight = np.zeros_like(mask)
    cv2.fillPoly(straight, [cv2.approxPolyDP(lines[0], stray, True)], 1)
    found = figure(photo, straight, MaskCheck.STRAIGHT)
    assert stands_out(MaskCheck.STRAIGHT, found.number) is stands
    assert not stands or found.number > 0.8


@pytest.mark.parametrize(("sigma", "stands"), [(0.5, False), (6.0, True)])
def test_a_photo_out_of_focus_is_blurred(coat, sigma, stands):
    photo, mask = coat
    soft = cv2.GaussianBlur(photo, (0, 0), sigma)
    assert stands_out(MaskCheck.BLUR, figure(soft, mask, MaskCheck.BLUR).number) is stands


@pytest.mark.parametrize(("height", "stands"), [(321, False), (319, True)])
def test_few_pixels_are_counted(height, stands):
    mask = np.zeros((400, 300), np.uint8)
    mask[20 : 20 + height, 60:200] = 1
    found = figure(shoot(mask), mask, MaskCheck.LOW_RESOLUTION)
    assert found.number == height
    assert stands_out(MaskCheck.LOW_RESOLUTION, found.number) is stands


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 2), (40, 40)])
def test_slivers_and_full_masks_have_figures(shape):
    photo = np.full((*shape, 3), 128, np.uint8)
    for mask in (np.ones(shape, np.uint8), np.eye(*shape, dtype=np.uint8)):
        assert set(check_mask(photo, mask)) == set(MaskCheck)


def test_a_mask_of_another_size_is_refused(coat):
    photo, mask = coat
    with pytest.raises(MaskError, match="same size"):
        check_mask(photo[1:], mask)


def test_percentiles_are_of_the_project_and_the_fewest_pixels_are_the_worst(coat):
    photo, mask = coat
    tiny = cv2.resize(mask, None, fx=0.25, fy=0.25)
    own = check_mask(cv2.resize(photo, None, fx=0.25, fy=0.25), tiny)
    others = check_numbers([check_mask(photo, mask)] * 3)
    (found,) = checks_found([own], others)
    few = next(item for item in found if item.check is MaskCheck.LOW_RESOLUTION)
    assert few.percentile == 100
    assert few.as_json()["sentence"] == f"the garment's longer side has {few.number:.0f} px"
