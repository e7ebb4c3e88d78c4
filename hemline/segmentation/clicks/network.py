"""The click network: the starter's U-Net, which also sees a mask and what a person did to it."""

from typing import Any

import torch
from torch import Tensor, nn

from hemline.segmentation.clicks.windows import GUIDES
from hemline.segmentation.input.transforms import normalise

_PHOTO = 3
_HIDDEN = 16


class ClickNetwork(nn.Module):
    """A U-Net on MobileNetV2 with two small branches for the guides.

    One is added to what the encoder's first layer makes of the photo (as in Sofiiuk et al. 2022,
    arXiv:2102.06583), the other corrects the logits at full size, where the outline of the mask as
    it is must not be lost. Both begin at nothing: untrained, the network draws what its U-Net does.
    """

    def __init__(self, unet: Any) -> None:
        super().__init__()
        first = unet.encoder.features[0]
        first[0] = _GuidedStem(first[0])
        self.unet: Any = unet
        decoded = unet.segmentation_head[0].in_channels
        self.correction = nn.Sequential(
            nn.Conv2d(decoded + GUIDES, _HIDDEN, 3, padding=1),
            nn.SiLU(),
            _silent(nn.Conv2d(_HIDDEN, 1, 3, padding=1)),
        )

    def logits(self, photos: Tensor, guides: Tensor) -> Tensor:
        """`(N, 1, h, w)` float32 from uint8 photos `(N, 3, h, w)` and guides `(N, 5, h, w)`."""
        side = guides.float() / 127.5 - 1
        features = self.unet.encoder(torch.cat([normalise(photos), side], 1))
        decoded = self.unet.decoder(features)
        correction = self.correction(torch.cat([decoded, side], 1))
        logits: Tensor = self.unet.segmentation_head(decoded) + correction
        return logits

    def forward(self, photos: Tensor, guides: Tensor) -> Tensor:
        """Probabilities of the mask after the clicks, `(N, 1, h, w)` float32 in 0..1."""
        return self.logits(photos, guides).sigmoid()


class _GuidedStem(nn.Module):
    """An encoder's first layer, and beside it a branch for what is not photo."""

    def __init__(self, photo: nn.Conv2d) -> None:
        super().__init__()
        self.photo = photo
        self.guides = nn.Sequential(
            nn.Conv2d(GUIDES, _HIDDEN, 3, padding=1),
            nn.SiLU(),
            _silent(nn.Conv2d(_HIDDEN, photo.out_channels, 3, stride=2, padding=1)),
        )

    def forward(self, seen: Tensor) -> Tensor:
        own: Tensor = self.photo(seen[:, :_PHOTO]) + self.guides(seen[:, _PHOTO:])
        return own


def _silent(layer: nn.Conv2d) -> nn.Conv2d:
    """The layer, which answers 0 until it is trained."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
