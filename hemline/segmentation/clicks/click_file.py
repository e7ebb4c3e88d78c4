"""The click network's file: half-precision safetensors."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from hemline.errors import ModelError
from hemline.files import write_atomically
from hemline.segmentation.clicks.network import ClickNetwork
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.recipe.recipe import load_recipe

_KEY = "hemline-clicks"
_FORMAT = "1"


def save_click_network(path: Path, network: torch.nn.Module) -> None:
    """Writes the weights as float16, atomically."""
    weights = {
        key: (value.half() if value.is_floating_point() else value).detach().contiguous()
        for key, value in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    write_atomically(path, save(weights, metadata={_KEY: _FORMAT}))


def load_click_network(path: Path) -> ClickNetwork:
    """The network in float32, in evaluation mode.

    Raises:
        ModelError: the file is broken, or not a click network.
    """
    network = ClickNetwork(build_network(load_recipe("hemline").network, 1))
    load_click_weights(network, path)
    return network.eval()


def load_click_weights(network: ClickNetwork, path: Path) -> None:
    """Puts a file's weights into a network.

    Raises:
        ModelError: the file is broken, or not a click network.
    """
    try:
        weights = load_file(path)
        missing, unknown = network.load_state_dict(
            {key: value.float() for key, value in weights.items()}, strict=False
        )
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(f"'{path}' is not a click network: {error}") from error
    lacking = [key for key in missing if not key.endswith("num_batches_tracked")]
    if lacking or unknown:
        raise ModelError(f"'{path}' is not a click network ('{(lacking or unknown)[0]}')")
