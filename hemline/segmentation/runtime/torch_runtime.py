"""The networks of a model file on PyTorch, on CPU or GPU."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hemline.segmentation.device import choose_device
from hemline.segmentation.model_card import all_network_names, read_card
from hemline.segmentation.model_file import load_model
from hemline.segmentation.runtime.runtime import Seen
from hemline.segmentation.runtime.whole_network import WholeNetwork


class TorchRuntime:
    """See runtime.Runtime. `threads` are those of this process; 0 leaves their number.

    Raises:
        ModelError: the model file is broken or not ours, or there is no such device.
    """

    def __init__(self, path: Path, *, device: str = "auto", threads: int = 0) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._device = torch.device(choose_device(device))
        self._networks = {
            name: self._load(path, name) for name in all_network_names(read_card(path))
        }

    @property
    def name(self) -> str:
        return f"PyTorch on {self._device}"

    def run(self, network: str, photos: NDArray[np.uint8]) -> Seen:
        batch = torch.from_numpy(np.ascontiguousarray(photos)).to(self._device)
        with torch.inference_mode():
            values, embeddings = self._networks[network](
                batch.contiguous(memory_format=torch.channels_last)
            )
            return Seen(values.cpu().numpy(), embeddings.cpu().numpy())

    def _load(self, path: Path, name: str) -> nn.Module:
        network, card = load_model(path, name=name)
        whole = WholeNetwork(network, card.recipe.input.preprocess).eval()
        return whole.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
