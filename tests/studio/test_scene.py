"""Drawn scenes: the same from the same seed, of any size and kind, with a truth that is exact."""

from functools import partial

import cv2
import numpy as np
import pytest

from hemline.studio.canvas import Part
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import VIEWS, Scene, draw_scene
from hemline.studio.wardrobe.prints import Pattern
from hemline.studio.wardrobe.wardrobe import GarmentType

draw_small = partial(draw_scene, height=192, width=128)


def share(scene: Scene) -> float:
    return float(scene.mask.mean())


def test_same_seed_same_photo_another_seed_another() -> None:
    first, again, other = (draw_small(seed) for seed in (5, 5, 6))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.alpha, again.alpha)
    assert not np.array_equal(first.image, other.image)
    assert not np.array_equal(first.alpha, other.alpha)


def test_drawing_leaves_the_global_generator_alone() -> None:
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    draw_small(1)
    assert np.random.random() == expected


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", list(FigureKind))
@pytest.mark.parametrize("garment_type", list(GarmentType))
def test_every_garment_on_every_body_from_every_side(
    garment_type: GarmentType, kind: FigureKind, view: str
) -> None:
    for seed in range(4):
        scene = draw_small(seed, view=view, kind=kind, garment_type=garment_type)
        assert (scene.garment_type, scene.kind, scene.view) == (garment_type, kind, view)
        assert scene.image.shape == (192, 128, 3)
        assert scene.image.dtype == scene.alpha.dtype == scene.mask.dtype == np.uint8
        assert set(np.unique(scene.mask)) == {0, 1}
        assert 0.015 < share(scene) < 0.4
        assert scene.image.std() > 8


@pytest.mark.parametrize("pattern", list(Pattern))
def test_every_print_is_drawn_and_shapes_no_mask(pattern: Pattern) -> None:
    for view in VIEWS:
        scene = draw_small(11, view=view, pattern=pattern)
        assert scene.pattern is pattern
        assert 0.015 < share(scene) < 0.4
    # A mesh is garment, holes and all: no speckle of background inside the mask's rows.
    mesh = draw_small(
        11, pattern=Pattern.MESH, garment_type=GarmentType.SKIRT, kind=FigureKind.MANNEQUIN
    ).mask
    rows = mesh[mesh.any(axis=1)]
    changes = np.abs(np.diff(rows.astype(int), axis=1)).sum(axis=1)
    assert np.median(changes) == 2


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 43), (127, 85), (333, 501)])
def test_any_size(height: int, width: int) -> None:
    for view in VIEWS:
        scene = draw_scene(2, view=view, height=height, width=width)
        assert scene.image.shape == (height, width, 3)
        assert scene.alpha.shape == (height, width)
        assert scene.mask.any()


def test_a_large_photo_is_the_same_scene_as_a_small_one() -> None:
    small = draw_scene(9, height=432, width=288)
    large = draw_scene(9, height=1728, width=1152)
    reduced = large.alpha.reshape(432, 4, 288, 4).mean(axis=(1, 3)) >= 128
    union = np.count_nonzero(reduced | (small.mask > 0))
    assert np.count_nonzero(reduced & (small.mask > 0)) / union > 0.97


def test_alpha_is_soft_at_the_edge_only() -> None:
    scene = draw_scene(4, height=384, width=256)
    soft = (scene.alpha > 8) & (scene.alpha < 247)
    assert 0 < np.count_nonzero(soft) < 0.35 * np.count_nonzero(scene.mask)
    assert len(np.unique(scene.alpha[soft])) > 15


def test_views_show_one_garment() -> None:
    differ = 0
    for seed in (1, 7, 13, 21):
        scenes = [
            draw_small(seed, view=view, kind=FigureKind.MANNEQUIN, garment_type=GarmentType.DRESS)
            for view in VIEWS
        ]
        colours = [np.median(scene.image[scene.alpha > 250], axis=0) for scene in scenes]
        for colour in colours[1:]:
            assert np.abs(colour - colours[0]).max() < 45
        shares = [share(scene) for scene in scenes]
        assert max(shares) < 1.7 * min(shares)
        differ += not np.array_equal(scenes[0].mask, scenes[1].mask)
        assert not np.array_equal(scenes[0].image, scenes[2].image)
    assert differ == 4


def test_parts_say_what_each_pixel_shows() -> None:
    for seed in range(4):
        scene = draw_scene(seed, view="Back", kind=FigureKind.PERSON, height=384, width=256)
        shown = [scene.shows(part) for part in Part]
        assert np.array_equal(scene.shows(Part.GARMENT), scene.mask > 0)
        assert np.stack(shown).sum(axis=0).max() == 1
        missing = ~np.logical_or.reduce(shown)
        # Only pixels that the blur has moved across the garment's edge show nothing for sure.
        assert np.count_nonzero(missing & (scene.alpha == 0)) == 0
        assert missing.mean() < 0.01
        hair, skin = scene.shows(Part.HAIR), scene.shows(Part.SKIN)
        assert hair.sum() > 200
        assert skin.sum() > 200
        assert np.nonzero(hair)[0].mean() < np.nonzero(skin)[0].mean()  # hair is above


def test_hair_hides_the_face_from_behind_and_comes_in_all_lengths() -> None:
    reach = []
    for seed in range(30):
        scene = draw_small(seed, view="Back", kind=FigureKind.PERSON)
        rows, columns = np.nonzero(scene.shows(Part.HAIR))
        head = slice(int(rows.min()), int(rows.min()) + 12), slice(columns.min(), columns.max())
        assert not scene.shows(Part.SKIN)[head].any()
        figure = np.nonzero((scene.parts > 0) & (scene.parts != Part.PROP))[0]
        reach.append((rows.max() - rows.min()) / np.ptp(figure))
    assert min(reach) < 0.14
    assert max(reach) > 0.36
    assert np.std(reach) > 0.06


@pytest.mark.parametrize("view", VIEWS)
def test_a_bare_mannequin_has_no_garment(view: str) -> None:
    builds = set()
    for seed in range(12):
        scene = draw_small(seed, view=view, dressed=False)
        assert scene.kind is FigureKind.MANNEQUIN
        assert (scene.garment_type, scene.pattern) == (None, None)
        assert not scene.mask.any()
        assert not scene.alpha.any()
        skin = scene.shows(Part.SKIN)
        assert 0.02 < skin.mean() < 0.4
        builds.add(skin[int(0.8 * len(skin)) :].any())  # legs, or a dress form's pole
    assert builds == {True, False}
    with pytest.raises(ValueError, match="only a mannequin can be undressed"):
        draw_scene(1, kind=FigureKind.PERSON, dressed=False)


def test_things_stand_about_and_are_no_garment() -> None:
    scenes = [draw_small(seed, kind=FigureKind.PERSON) for seed in range(30)]
    props = [scene.shows(Part.PROP) for scene in scenes]
    assert 8 < sum(shown.any() for shown in props) < 27
    for scene, shown in zip(scenes, props, strict=True):
        assert not (shown & (scene.mask > 0)).any()


def test_garments_vary() -> None:
    scenes = [draw_small(seed) for seed in range(40)]
    assert len({scene.garment_type for scene in scenes}) == len(GarmentType)
    assert {scene.kind for scene in scenes} == set(FigureKind)
    assert len({scene.backdrop for scene in scenes}) >= 4
    assert len({scene.pattern for scene in scenes}) >= 5
    colours = np.array([scene.image[scene.mask > 0].mean(axis=0) for scene in scenes])
    assert colours.std(axis=0).min() > 25


def test_wrong_views_and_sizes_are_named() -> None:
    with pytest.raises(
        ValueError, match="unknown view 'Left'; choose from Front, FrontRight, Back"
    ):
        draw_scene(0, view="Left")
    with pytest.raises(ValueError, match="8 x 400 px"):
        draw_scene(0, height=400, width=8)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("garment_type", list(GarmentType))
def test_a_carried_bag_covers_the_garment_and_changes_nothing_else(
    garment_type: GarmentType, view: str
) -> None:
    draw = partial(draw_small, 8, view=view, kind=FigureKind.PERSON, garment_type=garment_type)
    without, with_bag = draw(), draw(bag=True)
    bag = with_bag.shows(Part.BAG)
    assert not without.shows(Part.BAG).any()
    assert 0.004 < bag.mean() < 0.05
    assert not (bag & (with_bag.mask > 0)).any()
    changed = (without.mask != with_bag.mask) | (without.parts != with_bag.parts)
    near = cv2.dilate((with_bag.parts == Part.BAG).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert not (changed & ~near).any()


def test_only_a_person_carries_a_bag() -> None:
    for kind in (None, FigureKind.MANNEQUIN):
        with pytest.raises(ValueError, match="only a person carries a bag"):
            draw_small(1, kind=kind, bag=True)
