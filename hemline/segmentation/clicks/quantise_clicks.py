"""Makes the click network int8, and says what that costs in Dice after simulated clicks.

    python -m hemline.segmentation.clicks.quantise_clicks FILE CONVERTED OUT

It is calibrated and compared on drawn scenes whose masks are wrong on purpose. What it came to is
in OUT with the suffix .json.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.readers.scenes import read_scenes
from hemline.errors import HemlineError
from hemline.files import write_atomically
from hemline.masks.figures.overlap import dice
from hemline.segmentation.clicks.click_runtime import ClickRuntime, OpenVinoClicks
from hemline.segmentation.clicks.drafts import Draft, colour_segments, make_draft
from hemline.segmentation.clicks.maps import Click
from hemline.segmentation.clicks.next_click import next_click
from hemline.segmentation.clicks.refiner import ClickRefiner
from hemline.segmentation.runtime.cost import Cost
from hemline.segmentation.runtime.quantise import write_int8

_GARMENTS = 18  # drawn, each from several sides: half to calibrate on, half to compare on
_CLICKS = 2  # on each draft


@dataclass(frozen=True, slots=True)
class DrawnDraft:
    """A drawn photo (H, W, 3) uint8 RGB, and a mask of it that is wrong on purpose."""

    image: NDArray[np.uint8]
    draft: Draft


class _Noting:
    """A runtime that keeps what it is given."""

    name = "noting"

    def __init__(self, runtime: ClickRuntime) -> None:
        self._runtime = runtime
        self.inputs: list[list[NDArray[np.uint8]]] = []

    def run(self, photos: NDArray[np.uint8], guides: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.inputs.append([photos.copy(), guides.copy()])
        return self._runtime.run(photos, guides)


def quantise_clicks(model: Path, converted: Path, out: Path) -> Cost:
    """Writes the converted click network in int8.

    Returns:
        Its mean Dice after each of two clicks on drafts that it was not calibrated on, beside the
        converted network's.

    Raises:
        ModelError: NNCF cannot be used here, or not on this network.
    """
    drawn = list(_drawn_drafts())
    half = len(drawn) // 2
    noting = _Noting(OpenVinoClicks(converted))
    for example in drawn[:half]:
        dice_after_clicks(ClickRefiner(noting), example)
    write_int8(model, converted, noting.inputs, list, out)
    theirs, ours = (ClickRefiner(OpenVinoClicks(path)) for path in (converted, out))
    return compare(ours, theirs, drawn[half:])


def compare(ours: ClickRefiner, theirs: ClickRefiner, drawn: Sequence[DrawnDraft]) -> Cost:
    """The mean Dice of two refiners after each click, on the same drafts."""
    both = [
        (np.mean(dice_after_clicks(ours, one)), np.mean(dice_after_clicks(theirs, one)))
        for one in drawn
    ]
    means = np.mean(both, axis=0)
    return Cost(float(means[0]), float(means[1]), len(both))


def dice_after_clicks(refiner: ClickRefiner, drawn: DrawnDraft) -> list[float]:
    """Dice with the truth after each click on what is most wrong; less than two where one was
    enough."""
    mask, truth = drawn.draft.mask, drawn.draft.truth
    clicks: list[Click] = []
    found = []
    while len(clicks) < _CLICKS and (click := next_click(mask, truth)) is not None:
        clicks.append(click)
        mask = refiner.refine(drawn.image, None, mask, clicks)
        found.append(dice(mask, truth))
    return found or [1.0]


def _drawn_drafts() -> Iterator[DrawnDraft]:
    rng = np.random.default_rng(0)
    for sample in read_scenes(_GARMENTS).samples:
        if not sample.garment_type:  # a bare mannequin
            continue
        image, classes = sample.load()
        truth = np.asarray(classes == 1)

        def parts(image: NDArray[np.uint8] = image) -> NDArray[np.uint8]:
            return colour_segments(image, rng)

        yield DrawnDraft(image, make_draft(truth, truth, parts, rng))


if __name__ == "__main__":
    os.nice(19)
    try:
        cost = quantise_clicks(*(Path(name) for name in sys.argv[1:4]))
        write_atomically(Path(sys.argv[3]).with_suffix(".json"), json.dumps(asdict(cost)).encode())
    except HemlineError as error:
        sys.exit(str(error))
