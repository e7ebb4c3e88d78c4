"""Converted networks in one file: OpenVINO's own two files a network, and what they came from.

The file is safetensors: `<network>xml` and `<network>bin`, each `(bytes,)` uint8.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from hemline.errors import ModelError

Precision = Literal["fp32", "int8"]

_KEY = "hemline-converted"
_XML, _BIN = "xml", "bin"


@dataclass(frozen=True, slots=True)
class Origin:
    """What converted networks were made from and by."""

    weights_digest: str  # of the model file
    precision: Precision
    made_by: str  # openvino_library.converter_version


@dataclass(frozen=True, slots=True)
class ConvertedNetwork:
    """One network as OpenVINO reads it: its graph as XML, and its weights `(bytes,)` uint8."""

    xml: bytes
    weights: NDArray[np.uint8]


def pack(networks: Mapping[str, ConvertedNetwork], origin: Origin) -> bytes:
    """The file's content."""
    tensors = {}
    for name, network in networks.items():
        tensors[name + _XML] = np.frombuffer(network.xml, np.uint8)
        tensors[name + _BIN] = network.weights
    return save(tensors, metadata={_KEY: json.dumps(asdict(origin))})


def read_origin(path: Path) -> Origin:
    """What a file's networks were made from.

    Raises:
        ModelError: it is not a file of converted networks.
    """
    try:
        with safe_open(path, framework="np") as file:
            return Origin(**json.loads((file.metadata() or {})[_KEY]))
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(path, error) from error


def read_networks(path: Path) -> dict[str, ConvertedNetwork]:
    """The networks of a file, by their names in the model file.

    Raises:
        ModelError: it is not a file of converted networks.
    """
    read_origin(path)
    try:
        with safe_open(path, framework="np") as file:
            names = [key.removesuffix(_XML) for key in file.keys() if key.endswith(_XML)]  # noqa: SIM118
            return {
                name: ConvertedNetwork(
                    file.get_tensor(name + _XML).tobytes(), file.get_tensor(name + _BIN)
                )
                for name in names
            }
    except (SafetensorError, OSError) as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> ModelError:
    return ModelError(
        f"'{path}' is not a file of converted networks ({error!r}); delete it, it is made again"
    )
