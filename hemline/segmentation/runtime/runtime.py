"""What a runtime does: photos in, probabilities and embeddings out."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Seen(NamedTuple):
    """What a network makes of a batch of photos.

    `probabilities` are `(N, C, h, w)` float32 in 0..1; C is 1 for one label (the garment's), else
    one a label with the background first. `embeddings` are `(N, E)` float32: the deepest feature
    map of the network's encoder, averaged over its pixels.
    """

    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]


class Runtime(Protocol):
    """Runs the networks of one model file. One thread at a time may call it."""

    @property
    def name(self) -> str:
        """What runs, in words: "PyTorch on cpu", "OpenVINO fp32"."""
        ...

    def run(self, network: str, photos: NDArray[np.uint8]) -> Seen:
        """What the network of that name in the model file makes of photos `(N, 3, h, w)` uint8 RGB
        at its size: h and w are multiples of 32."""
        ...
