"""What runs the click network: PyTorch, or OpenVINO on a CPU. This file needs neither."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.runtime.openvino_runtime import compile_networks

NETWORK = "clicks"  # its name in a file of converted networks


class ClickRuntime(Protocol):
    """Runs the click network. One thread at a time may call it."""

    @property
    def name(self) -> str:
        """What runs, in words: "PyTorch on cpu", "OpenVINO fp32"."""
        ...

    def run(self, photos: NDArray[np.uint8], guides: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities of garment `(N, h, w)` float32 in 0..1, from photos `(N, 3, h, w)` and
        guides `(N, 5, h, w)` as `windows.look` makes them; h and w are multiples of 32."""
        ...


class OpenVinoClicks:
    """See ClickRuntime; `threads` of one prediction, 0: all cores.

    Raises:
        ModelError: OpenVINO does not run here, or the file is not a converted click network.
    """

    def __init__(self, converted: Path, *, threads: int = 0) -> None:
        self._precision, requests = compile_networks(converted, threads)
        self._request = requests[NETWORK]

    @property
    def name(self) -> str:
        return f"OpenVINO {self._precision}"

    def run(self, photos: NDArray[np.uint8], guides: NDArray[np.uint8]) -> NDArray[np.float32]:
        inputs = [np.ascontiguousarray(photos), np.ascontiguousarray(guides)]
        self._request.infer(inputs, share_inputs=True)
        found: NDArray[np.float32] = self._request.get_output_tensor(0).data[:, 0].copy()
        return found
