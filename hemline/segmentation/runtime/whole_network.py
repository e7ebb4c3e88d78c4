"""A network with all that is done before and after it, so that every runtime does the same."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hemline.segmentation.input.transforms import normalise
from hemline.segmentation.recipe.parts import Preprocessing


class WholeNetwork(nn.Module):
    """Normalisation, a network with an encoder, and probabilities, in one pass.

    From photos `(N, 3, h, w)` uint8 to probabilities `(N, C, h, w)` and embeddings `(N, E)`, both
    float32, as runtime.py's `Seen` has them.
    """

    def __init__(self, network: nn.Module, preprocess: Sequence[Preprocessing]) -> None:
        super().__init__()
        self._network = network
        self._preprocess = preprocess
        self._deepest = torch.zeros(0)
        network.encoder.register_forward_hook(self._keep_deepest)  # type: ignore[union-attr]

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        logits = self._network(normalise(photos, self._preprocess)).float()
        values = logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)
        return values, self._deepest.float().mean((2, 3))

    def _keep_deepest(self, encoder: nn.Module, images: object, features: list[Tensor]) -> None:
        self._deepest = features[-1]
