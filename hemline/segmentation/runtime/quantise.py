"""Makes int8 networks of converted ones by NNCF, and says what that costs in Dice.

    python -m hemline.segmentation.runtime.quantise MODEL CONVERTED OUT

does it for the starter, which has no photos of a project: it is calibrated and compared on scenes
that are drawn. What it came to is in OUT with the suffix .json.
"""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.readers.scenes import read_scenes
from hemline.datasets.sample import Sample
from hemline.errors import HemlineError, ModelError
from hemline.files import write_atomically
from hemline.segmentation.evaluation.evaluate import evaluate
from hemline.segmentation.input.framing import frame_of, lay_image
from hemline.segmentation.model_card import all_network_names, read_card
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.runtime.converted_file import pack, read_networks, read_origin
from hemline.segmentation.runtime.cost import cost_of
from hemline.segmentation.runtime.openvino_files import to_model, to_network
from hemline.segmentation.runtime.openvino_library import load_openvino
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime

T = TypeVar("T")

ENOUGH = 60  # photos to calibrate on
_DRAWN = 45  # garments, each from several sides
_CALIBRATED, _COMPARED = 24, 72  # photos of them; few to compare on say little: one may lose 0.1


def can_be_quantised(model: Path) -> bool:
    """Whether it is a single network. Each of several would see other photos."""
    return all_network_names(read_card(model)) == [""]


def quantise(
    model: Path, converted: Path, samples: Sequence[Sample], out: Path, *, thorough: bool = False
) -> None:
    """Writes the network of a converted file in int8, calibrated on the photos of samples: on some
    60 of them, evenly taken. One photo is in memory at a time.

    `thorough` corrects the layers' biases one by one, each on what the int8 layers before it give;
    it takes several times as long.

    Raises:
        ModelError: NNCF cannot be used here, or not on this network.
    """
    options = read_card(model).recipe.input

    def laid(sample: Sample) -> NDArray[np.uint8]:
        photo, _ = sample.load()
        frame = frame_of(photo.shape[0], photo.shape[1], options)
        pixels = lay_image(photo, frame, options).transpose(2, 0, 1)[None]
        return np.ascontiguousarray(pixels)

    chosen = samples[:: max(1, len(samples) // ENOUGH)][:ENOUGH]
    write_int8(model, converted, chosen, laid, out, thorough=thorough)


def write_int8(
    model: Path,
    converted: Path,
    chosen: Sequence[T],
    inputs: Callable[[T], NDArray[np.uint8] | list[NDArray[np.uint8]]],
    out: Path,
    *,
    thorough: bool = False,
) -> None:
    """Writes the one network of a converted file in int8, calibrated on what `inputs` makes of each
    of the chosen: what the network is given.

    Raises:
        ModelError: NNCF cannot be used here, or not on this network.
    """
    nncf = _load_nncf()
    (name, network), *_ = read_networks(converted).items()
    with contextlib.redirect_stdout(None):  # it draws bars
        try:
            small = nncf.quantize(
                to_model(network),
                nncf.Dataset(chosen, inputs),
                subset_size=len(chosen),
                preset=nncf.QuantizationPreset.MIXED if thorough else None,
                fast_bias_correction=not thorough,
            )
        except Exception as error:  # it has several kinds of its own
            raise ModelError(f"model '{model}' cannot be made int8: {error}") from error
    origin = replace(read_origin(converted), precision="int8")
    write_atomically(out, pack({name: to_network(small)}, origin))


def quantise_on_scenes(model: Path, converted: Path, out: Path) -> None:
    """The same for a network without photos of a project, and what it costs beside it, as JSON."""
    # Bare mannequins are left out: a single pixel on one takes its Dice from 1 to 0.
    samples = [sample for sample in read_scenes(_DRAWN).samples if sample.garment_type]
    quantise(model, converted, samples[:_CALIBRATED], out, thorough=True)
    compared = samples[_CALIBRATED : _CALIBRATED + _COMPARED]
    figures = [
        evaluate(Predictor(model, runtime=OpenVinoRuntime(path)), compared).items
        for path in (out, converted)
    ]
    cost = asdict(cost_of(*figures))
    write_atomically(out.with_suffix(".json"), json.dumps(cost).encode())


def _load_nncf() -> Any:
    load_openvino()  # first: it keeps both from reporting what they are used for
    try:
        import nncf
    except (ImportError, OSError) as error:
        raise ModelError(f"NNCF cannot be used here: {error}") from error
    # NNCF's own setter changes each handler of its logger too, also those that others attached.
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf


if __name__ == "__main__":
    os.nice(19)
    try:
        quantise_on_scenes(*(Path(name) for name in sys.argv[1:4]))
    except HemlineError as error:
        sys.exit(str(error))
