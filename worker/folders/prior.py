"""The risk model that ships: learnt from labelled photos the predictor did not train on."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from active_learning.risk.learn import Example, make_examples, pack_examples, unpack_examples
from active_learning.risk.planted import kinds_for
from active_learning.signals.frame import Mask, Photo
from hemline.datasets.sample import Sample
from hemline.files import write_atomically
from hemline.masks.figures.overlap import IGNORE
from hemline.studio.figure.body import FigureKind
from hemline.studio.scene import VIEWS, draw_scene

if TYPE_CHECKING:
    from hemline.segmentation.predictor import Predictor

_FIRST_SCENE = 3_000_000  # no seed that the starter was trained on


def examples_of(
    sample: Sample, other: Sample, predictor: "Predictor", *, keep: Path | None = None
) -> list[Example]:
    """A sample's label and its spoilt copies; `other` lends its mask. [] where it has none.

    `keep` is a file that the examples are kept in, and read from if it is there.

    Raises:
        HemlineError: the photo or the mask cannot be read.
    """
    if keep is not None and keep.exists():
        return unpack_examples(keep.read_bytes())
    photo, ids = sample.load()
    examples = make_examples(
        photo,
        _binary(ids),
        predictor.examine(photo).probabilities,
        garment=f"{sample.source}/{sample.garment}",
        kinds=kinds_for(masks_have_classes=False),
        other=_binary(other.load()[1]),
        threshold=predictor.card.threshold,
    )
    if keep is not None:
        keep.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(keep, pack_examples(examples))
    return examples


def _binary(ids: Mask) -> Mask:
    return np.ascontiguousarray((ids > 0) & (ids != IGNORE)).astype(np.uint8)


def scenes(garments: int) -> list[Sample]:
    """Drawn garments that no training of the starter saw, one view of each in turn."""
    return [
        Sample(
            id=f"scene{seed}",
            garment=f"scene{seed}",
            view=VIEWS[seed % len(VIEWS)],
            source="studio",
            load=partial(_draw, seed),
        )
        for seed in range(_FIRST_SCENE, _FIRST_SCENE + garments)
    ]


def _draw(seed: int) -> tuple[Photo, Mask]:
    view = VIEWS[seed % len(VIEWS)]
    scene = draw_scene(seed, view=view, height=768, width=512, kind=FigureKind.MANNEQUIN)
    return scene.image, scene.mask
