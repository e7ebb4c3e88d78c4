"""Hard garments: each case shows what it is named after, and the label knows it."""

from functools import partial

import cv2
import numpy as np
import pytest

from hemline.studio.canvas import Part
from hemline.studio.figure.body import FigureKind
from hemline.studio.hard_cases import HardCase, type_for
from hemline.studio.scene import Scene, draw_scene
from hemline.studio.wardrobe.prints import Pattern
from hemline.studio.wardrobe.wardrobe import GarmentType

draw = partial(draw_scene, height=288, width=192, kind=FigureKind.MANNEQUIN)
SEEDS = range(6)


def colours(scene: Scene, part: Part) -> np.ndarray:
    lab = cv2.cvtColor(scene.image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(lab[scene.shows(part)])


def test_a_hem_that_is_lower_behind_shows_its_inside_below_the_front() -> None:
    for seed in SEEDS:
        scene = draw(seed, case=HardCase.DIPPED_HEM, garment_type=GarmentType.DRESS)
        back = (scene.mask > 0) & (scene.front_mask == 0)
        assert not (scene.front_mask & (1 - scene.mask)).any()
        assert 0.005 < back.sum() / scene.mask.sum() < 0.3
        rows = np.nonzero(back)[0]
        front = np.nonzero(scene.front_mask)[0]
        assert np.median(rows) > np.percentile(front, 90)
        brightness = scene.image.mean(axis=2)
        assert brightness[back].mean() < brightness[scene.front_mask > 0].mean()


def test_from_behind_the_label_is_the_same_with_and_without_the_inside() -> None:
    scene = draw(2, case=HardCase.DIPPED_HEM, garment_type=GarmentType.SKIRT, view="Back")
    differ = np.count_nonzero(scene.mask != scene.front_mask)
    assert differ < 0.002 * np.count_nonzero(scene.mask)


def test_a_garment_in_the_figures_colour_is_hardly_told_from_it() -> None:
    for seed in SEEDS:
        usual = draw(seed, garment_type=GarmentType.DRESS)
        like = draw(seed, garment_type=GarmentType.DRESS, case=HardCase.LIKE_FIGURE)
        gaps = [
            np.linalg.norm(
                np.median(colours(scene, Part.GARMENT), axis=0)
                - np.median(colours(scene, Part.SKIN), axis=0)
            )
            for scene in (usual, like)
        ]
        assert gaps[1] < 14
        assert gaps[1] < gaps[0]
        assert like.pattern is Pattern.PLAIN


def test_a_busy_print_has_more_to_see_than_plain_cloth() -> None:
    spreads = []
    for seed in SEEDS:
        plain = draw(seed, pattern=Pattern.PLAIN)
        busy = draw(seed, case=HardCase.BUSY_PRINT)
        assert busy.garment_type == plain.garment_type
        assert busy.pattern is not Pattern.PLAIN
        spreads.append([colours(scene, Part.GARMENT).std(axis=0).sum() for scene in (plain, busy)])
    of_plain, of_busy = np.mean(spreads, axis=0)
    assert of_busy > 1.3 * of_plain


def test_a_case_changes_the_garment_alone_and_takes_a_type_that_has_it() -> None:
    for case in HardCase:
        assert type_for(case, GarmentType.SKIRT) is GarmentType.SKIRT
    assert type_for(HardCase.DIPPED_HEM, GarmentType.COAT) is GarmentType.DRESS
    assert type_for(HardCase.LIKE_FIGURE, GarmentType.TROUSERS) is GarmentType.SKIRT
    with pytest.raises(ValueError, match="the hem of a coat cannot be lower behind"):
        draw(1, case=HardCase.DIPPED_HEM, garment_type=GarmentType.COAT)
    one, other = draw(4), draw(4, case=HardCase.BUSY_PRINT)
    assert (one.backdrop, one.garment) == (other.backdrop, other.garment)
    assert other.case is HardCase.BUSY_PRINT
    assert one.case is None
    top = slice(0, 20)
    assert np.array_equal(one.image[top], other.image[top])
