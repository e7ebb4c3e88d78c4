"""An OpenVINO model as the bytes that are kept of it, and back."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hemline.segmentation.runtime.converted_file import ConvertedNetwork
from hemline.segmentation.runtime.openvino_library import load_openvino


def to_network(model: Any) -> ConvertedNetwork:
    """A model as two pieces of bytes. Its weights stay as they are, float32 or int8."""
    with tempfile.TemporaryDirectory(prefix="hemline-converted-") as folder:
        xml = Path(folder) / "network.xml"
        load_openvino().save_model(model, xml, compress_to_fp16=False)
        weights = np.fromfile(xml.with_suffix(".bin"), np.uint8)
        return ConvertedNetwork(xml.read_bytes(), weights)


def to_model(network: ConvertedNetwork) -> Any:
    """The model again; it shares the weights with `network`."""
    library = load_openvino()
    return library.Core().read_model(network.xml, library.Tensor(network.weights))
