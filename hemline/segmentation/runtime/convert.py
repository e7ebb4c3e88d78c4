"""Makes of a model file what OpenVINO runs, and checks it against PyTorch.

    python -m hemline.segmentation.runtime.convert MODEL OUT

needs PyTorch and OpenVINO both, which is why it is a command: whoever serves with OpenVINO runs it
as a child and stays without PyTorch.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hemline.errors import HemlineError, ModelError
from hemline.files import write_atomically
from hemline.segmentation.model_card import all_network_names, file_digest, read_card
from hemline.segmentation.model_file import load_model
from hemline.segmentation.runtime.converted_file import ConvertedNetwork, Origin, pack
from hemline.segmentation.runtime.openvino_files import to_network
from hemline.segmentation.runtime.openvino_library import converter_version, load_openvino
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.runtime.torch_runtime import TorchRuntime
from hemline.segmentation.runtime.whole_network import WholeNetwork

# Of a probability. Where a network is steep float32's own rounding is worth up to 0.003, in PyTorch
# as here; a wrong operator, or bfloat16, moves the mean.
TOLERANCE = 1e-2
_MEAN_TOLERANCE = 5e-4
_TRACED = (1, 3, 128, 96)
_CHECKED = ((1, 3, 128, 96), (2, 3, 96, 160))  # another shape and batch than was traced


def convert(model: Path, out: Path) -> None:
    """Writes the networks of a model file as OpenVINO runs them, atomically.

    Raises:
        ModelError: the model file is broken, OpenVINO cannot be used here, or it would not give
            the probabilities that PyTorch gives.
    """
    load_openvino()
    card = read_card(model)
    networks = {name: _convert_network(model, name) for name in all_network_names(card)}
    origin = Origin(file_digest(model), "fp32", converter_version())
    with tempfile.TemporaryDirectory(prefix="hemline-converted-") as folder:
        made = Path(folder) / "converted.safetensors"
        made.write_bytes(pack(networks, origin))
        _check(model, made)
        write_atomically(out, made.read_bytes())


def _convert_network(path: Path, name: str) -> ConvertedNetwork:
    library = load_openvino()
    network, card = load_model(path, name=name)
    whole = WholeNetwork(network, card.recipe.input.preprocess).eval()
    example = torch.zeros(_TRACED, dtype=torch.uint8)
    with warnings.catch_warnings():  # that tracing is deprecated, and that shapes are not traced
        warnings.simplefilter("ignore")
        try:
            model = library.convert_model(
                whole,
                example_input=example,
                input=[(library.PartialShape([-1, 3, -1, -1]), library.Type.u8)],
            )
        except Exception as error:  # of the tracer or of the converter, each has its own
            raise ModelError(f"model '{path}' cannot be converted for OpenVINO: {error}") from error
    return to_network(model)


def _check(model: Path, converted: Path) -> None:
    """Raises ModelError where OpenVINO's probabilities are not PyTorch's."""
    ours = TorchRuntime(model, device="cpu")
    theirs = OpenVinoRuntime(converted)
    rng = np.random.default_rng(0)
    for name in all_network_names(read_card(model)):
        for shape in _CHECKED:
            photos = rng.integers(0, 256, shape, dtype=np.uint8)
            try:
                found = theirs.run(name, photos).probabilities
            except RuntimeError as error:
                raise ModelError(
                    f"model '{model}' cannot be run by OpenVINO at {shape[2]} x {shape[3]}: {error}"
                ) from error
            refuse_other(model, found, ours.run(name, photos).probabilities)


def refuse_other(model: Path, found: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """Raises ModelError where the probabilities found on OpenVINO are not those expected."""
    differences = np.abs(found - expected)
    most, mean = float(differences.max()), float(differences.mean())
    if not (most <= TOLERANCE and mean <= _MEAN_TOLERANCE):
        raise ModelError(
            f"model '{model}' gives other probabilities on OpenVINO (by up to {most:.2g}, "
            f"{mean:.2g} on average; {TOLERANCE:g} and {_MEAN_TOLERANCE:g} are allowed); "
            "PyTorch runs it"
        )


if __name__ == "__main__":
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except HemlineError as error:
        sys.exit(str(error))
