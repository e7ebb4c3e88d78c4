"""What the benchmark of the starter counts, on masks whose shares are known."""

from functools import partial

import numpy as np

from benchmarks.masks.bench_starter import Count, areas_of, away_from_border, report
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import Scene, draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType


def test_shares_are_of_all_pixels_and_of_those_away_from_the_border() -> None:
    area = np.zeros((40, 40), dtype=np.bool_)
    area[10:30, 0:20] = True  # the photo's left edge is no border of it
    within = away_from_border(area)
    assert within.sum() == 14 * 17
    assert within[13:27, 0:17].all()
    mask = np.zeros_like(area)
    mask[10:12, 0:20] = True  # along the border alone
    count = Count()
    count.add(mask, area)
    count.add(mask, np.zeros_like(area))  # a photo without the kind
    assert (count.taken, count.all, count.photos, count.spoilt) == (40, 400, 1, 1)
    assert (count.inner_taken, count.inner) == (0, 14 * 17)
    count.add(np.zeros_like(area), area)
    text = report({"hair": count}, "abc")
    assert "| hair | 2 | 5.00 % | 0.00 % | 1 |" in text


def test_a_scene_is_counted_by_who_it_shows() -> None:
    draw = partial(draw_scene, 3, height=192, width=128)

    def rows(scene: Scene) -> set[str]:
        return {area.row.removeprefix("scenes: ") for area in areas_of(scene)}

    props = "stands and props"
    assert rows(draw(kind=FigureKind.PERSON, view="Back")) == {
        props,
        "skin of people",
        "hair from behind",
    }
    assert rows(draw(dressed=False)) == {props, "mannequins with nothing on"}
    skirt = rows(draw(kind=FigureKind.MANNEQUIN, garment_type=GarmentType.SKIRT))
    assert skirt == {props, "mannequins with a top or a skirt or trousers on"}
