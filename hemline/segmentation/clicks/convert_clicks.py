"""Makes of the click network's file what OpenVINO runs, and checks it against PyTorch.

    python -m hemline.segmentation.clicks.convert_clicks FILE OUT

is a command for the same reason as `runtime.convert`.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch

from hemline.errors import HemlineError, ModelError
from hemline.files import write_atomically
from hemline.segmentation.clicks.click_file import load_click_network
from hemline.segmentation.clicks.click_runtime import NETWORK, OpenVinoClicks
from hemline.segmentation.clicks.torch_clicks import TorchClicks
from hemline.segmentation.clicks.windows import GUIDES, SIDE
from hemline.segmentation.model_card import file_digest
from hemline.segmentation.runtime.convert import refuse_other
from hemline.segmentation.runtime.converted_file import Origin, pack
from hemline.segmentation.runtime.openvino_files import to_network
from hemline.segmentation.runtime.openvino_library import converter_version, load_openvino

_CHECKED = ((1, SIDE, SIDE), (2, SIDE, SIDE + 32))


def convert_clicks(path: Path, out: Path) -> None:
    """Writes the network as OpenVINO runs it, atomically.

    Raises:
        ModelError: the file is broken, OpenVINO cannot be used here, or it would not give the
            probabilities that PyTorch gives.
    """
    library = load_openvino()
    network = load_click_network(path)
    example = tuple(torch.zeros(1, k, SIDE, SIDE, dtype=torch.uint8) for k in (3, GUIDES))
    shapes = [(library.PartialShape([-1, k, -1, -1]), library.Type.u8) for k in (3, GUIDES)]
    with warnings.catch_warnings():  # that tracing is deprecated, and that shapes are not traced
        warnings.simplefilter("ignore")
        try:
            model = library.convert_model(network, example_input=example, input=shapes)
        except Exception as error:  # of the tracer or of the converter, each has its own
            raise ModelError(f"'{path}' cannot be converted for OpenVINO: {error}") from error
    origin = Origin(file_digest(path), "fp32", converter_version())
    with tempfile.TemporaryDirectory(prefix="hemline-converted-") as folder:
        made = Path(folder) / "converted.safetensors"
        made.write_bytes(pack({NETWORK: to_network(model)}, origin))
        _check(path, made)
        write_atomically(out, made.read_bytes())


def _check(path: Path, converted: Path) -> None:
    """Raises ModelError where OpenVINO's probabilities are not PyTorch's."""
    ours, theirs = TorchClicks(path, device="cpu"), OpenVinoClicks(converted)
    rng = np.random.default_rng(0)
    for count, height, width in _CHECKED:
        photos = rng.integers(0, 256, (count, 3, height, width), dtype=np.uint8)
        guides = rng.integers(0, 256, (count, GUIDES, height, width), dtype=np.uint8)
        refuse_other(path, theirs.run(photos, guides), ours.run(photos, guides))


if __name__ == "__main__":
    try:
        convert_clicks(Path(sys.argv[1]), Path(sys.argv[2]))
    except HemlineError as error:
        sys.exit(str(error))
