"""The networks of a model file on OpenVINO, on a CPU."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.runtime.converted_file import Precision, read_networks, read_origin
from hemline.segmentation.runtime.openvino_files import to_model
from hemline.segmentation.runtime.openvino_library import load_openvino
from hemline.segmentation.runtime.runtime import Seen

_STREAMS = 1


class OpenVinoRuntime:
    """See runtime.Runtime. `threads` of one prediction; 0: all cores.

    Photos of any size run through one compiled network.

    Raises:
        ModelError: OpenVINO does not run here, or the file is not one of converted networks.
    """

    def __init__(self, converted: Path, *, threads: int = 0) -> None:
        self._precision, self._requests = compile_networks(converted, threads)

    @property
    def name(self) -> str:
        return f"OpenVINO {self._precision}"

    def run(self, network: str, photos: NDArray[np.uint8]) -> Seen:
        request = self._requests[network]
        request.infer([np.ascontiguousarray(photos)], share_inputs=True)
        probabilities, embeddings = (request.get_output_tensor(k).data.copy() for k in (0, 1))
        return Seen(probabilities, embeddings)


def compile_networks(converted: Path, threads: int = 0) -> tuple[Precision, dict[str, Any]]:
    """The precision of a file of converted networks, and an infer request of each by its name.

    Raises:
        ModelError: OpenVINO does not run here, or the file is not one of converted networks.
    """
    core = load_openvino().Core()
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": _STREAMS,
        "INFERENCE_PRECISION_HINT": "f32",  # not bfloat16, which some CPUs would take
        "ENABLE_CPU_PINNING": False,  # the cores are others' too
    }
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    requests = {
        name: core.compile_model(to_model(network), "CPU", options).create_infer_request()
        for name, network in read_networks(converted).items()
    }
    return read_origin(converted).precision, requests
