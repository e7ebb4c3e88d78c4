"""Scenes drawn by hemline.studio as a data set: as many garments as asked for."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.classes.vocabularies import STUDIO, STUDIO_GARMENT, STUDIO_TYPES
from hemline.datasets.sample import Dataset, Pixels, Sample
from hemline.masks.figures.overlap import IGNORE
from hemline.studio.canvas import Part
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import VIEWS, Scene, draw_scene, garment_type_of

FIRST_SEED = 1_000_000  # far from the seeds of demos and tests, which a model must not have seen
_BARE_EVERY = 8
_VOCABULARY = Vocabulary("studio", STUDIO, dict.fromkeys(STUDIO_TYPES, STUDIO_GARMENT))


def read_scenes(
    garments: int, classes: ClassMap | None = None, *, height: int = 576, width: int = 384
) -> Dataset:
    """Each view of `garments` drawn garments, `height` x `width` px, with exact masks.

    Mannequins and people take turns; every eighth mannequin or person is a bare mannequin instead,
    whose masks are empty. Where "garment" is the label, shoes are left out of what counts: to some
    data sets they are garment. Where the types of garments are told apart, the outfit of a person
    is left out, which is of several, as props are; a mannequin's surface is background.

    Raises:
        DatasetError: a class is asked for that scenes do not have.
    """
    classes = classes or class_map()
    ids = classes.ids(_VOCABULARY)
    samples = tuple(
        Sample(
            id=f"scene{seed}_{view}",
            garment=f"scene{seed}",
            view=view,
            source="studio",
            load=partial(_load, ids, seed, view, height, width),
            garment_type="" if _is_bare(seed) else garment_type_of(seed).value,
        )
        for seed in range(FIRST_SEED, FIRST_SEED + garments)
        for view in VIEWS
    )
    return Dataset(samples, classes.labels)


def _is_bare(seed: int) -> bool:
    return seed % _BARE_EVERY == _BARE_EVERY - 1


def _load(
    ids: Mapping[str, int], seed: int, view: str, height: int, width: int
) -> tuple[Pixels, Pixels]:
    if _is_bare(seed):
        scene = draw_scene(seed, view=view, height=height, width=width, dressed=False)
    else:
        kind = FigureKind.PERSON if seed % 2 else FigureKind.MANNEQUIN
        scene = draw_scene(seed, view=view, height=height, width=width, kind=kind)
    return scene.image, _mask(scene, ids)


def _mask(scene: Scene, ids: Mapping[str, int]) -> Pixels:
    """The class ids of a scene's pixels; `ids` those of the vocabulary's labels that have one."""
    of_types = {ids.get(garment_type, 0) for garment_type in STUDIO_TYPES}
    is_person = scene.kind is FigureKind.PERSON
    garment = ids.get(scene.garment_type or STUDIO_TYPES[0], 0)
    mask = np.zeros(scene.parts.shape, dtype=np.uint8)
    mask[scene.shows(Part.GARMENT)] = IGNORE if is_person and len(of_types) > 1 else garment
    mask[scene.shows(Part.SHOES)] = ids.get("shoes", IGNORE)
    if len(of_types) > 1:
        mask[scene.shows(Part.PROP)] = IGNORE  # a bag may be among them
    if is_person:
        mask[scene.shows(Part.SKIN)] = ids.get("skin", 0)
        mask[scene.shows(Part.HAIR)] = ids.get("hair", 0)
    return mask
