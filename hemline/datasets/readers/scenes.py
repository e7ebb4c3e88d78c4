"""Scenes drawn by hemline.studio as a data set: as many garments as asked for."""

from functools import partial

import numpy as np

from hemline.datasets.classes.class_lists import GARMENT, class_map
from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.sample import Dataset, Pixels, Sample
from hemline.masks.figures.overlap import IGNORE
from hemline.studio.canvas import Part
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import VIEWS, draw_scene, garment_type_of

FIRST_SEED = 1_000_000  # far from the seeds of demos and tests, which a model must not have seen
_BARE_EVERY = 8


def read_scenes(
    garments: int, classes: ClassMap | None = None, *, height: int = 576, width: int = 384
) -> Dataset:
    """Each view of `garments` drawn garments, `height` x `width` px, with exact masks.

    Mannequins and people take turns; every eighth mannequin or person is a bare mannequin instead,
    whose masks are empty. Shoes are left out of what counts: to some data sets they are garment.

    Raises:
        DatasetError: a class is asked for that is not "garment".
    """
    classes = classes or class_map()
    garment = classes.ids(Vocabulary("studio", (GARMENT,))).get(GARMENT, 0)
    samples = tuple(
        Sample(
            id=f"scene{seed}_{view}",
            garment=f"scene{seed}",
            view=view,
            source="studio",
            load=partial(_load, garment, seed, view, height, width),
            garment_type="" if _is_bare(seed) else garment_type_of(seed).value,
        )
        for seed in range(FIRST_SEED, FIRST_SEED + garments)
        for view in VIEWS
    )
    return Dataset(samples, classes.labels)


def _is_bare(seed: int) -> bool:
    return seed % _BARE_EVERY == _BARE_EVERY - 1


def _load(garment: int, seed: int, view: str, height: int, width: int) -> tuple[Pixels, Pixels]:
    if _is_bare(seed):
        scene = draw_scene(seed, view=view, height=height, width=width, dressed=False)
    else:
        kind = FigureKind.PERSON if seed % 2 else FigureKind.MANNEQUIN
        scene = draw_scene(seed, view=view, height=height, width=width, kind=kind)
    mask = scene.mask * np.uint8(garment)
    mask[scene.shows(Part.SHOES)] = IGNORE
    return scene.image, mask
