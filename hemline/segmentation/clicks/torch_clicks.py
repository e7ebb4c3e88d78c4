"""The click network on PyTorch, on CPU or GPU."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hemline.segmentation.clicks.click_file import load_click_network
from hemline.segmentation.device import choose_device


class TorchClicks:
    """See click_runtime.ClickRuntime. `threads` are those of this process; 0 leaves their number.

    Raises:
        ModelError: the file is broken, or there is no such device.
    """

    def __init__(self, path: Path, *, device: str = "auto", threads: int = 0) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._device = torch.device(choose_device(device))
        network = load_click_network(path)
        self._network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def name(self) -> str:
        return f"PyTorch on {self._device}"

    def run(self, photos: NDArray[np.uint8], guides: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            garment = self._network(self._tensor(photos), self._tensor(guides))
            found: NDArray[np.float32] = garment[:, 0].cpu().numpy()
        return found

    def _tensor(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
