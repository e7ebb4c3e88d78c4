"""The three U-Nets of the mannequin report: simple, basic and final, trained from nothing.

Each has the library's three parts (encoder, decoder, segmentation_head), so that all that is built
on one network works on another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Design:
    """`levels` halvings down to `bottom` filters, half as many a level on the way up; convolutions
    a block on the way `down` (and at the bottom) and `up`, with batch normalisation or not."""

    levels: int
    bottom: int
    down: int
    up: int
    normalised: bool


DESIGNS = {
    "mannequin-simple": Design(levels=3, bottom=128, down=1, up=1, normalised=False),
    "mannequin-basic": Design(levels=4, bottom=512, down=2, up=2, normalised=False),
    "mannequin-final": Design(levels=5, bottom=1024, down=2, up=3, normalised=True),
}


class MannequinUNet(nn.Module):
    """A U-Net (Ronneberger et al. 2015, arXiv:1505.04597) with padded convolutions, so that the
    logits `(N, outputs, H, W)` are as large as the photos `(N, 3, H, W)`; H and W are multiples of
    2 ** levels."""

    def __init__(self, design: Design, outputs: int) -> None:
        super().__init__()
        filters = [design.bottom >> (design.levels - k) for k in range(design.levels + 1)]
        self.encoder = _Encoder(filters, design)
        self.decoder = _Decoder(filters, design)
        self.segmentation_head = nn.Sequential(nn.Conv2d(filters[0], outputs, 1))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.segmentation_head(self.decoder(self.encoder(images)))
        return logits


def design_of(architecture: str, options: dict[str, Any]) -> Design:
    """The design of a name, with options over it: bottom (filters), down and up (convolutions).

    Raises:
        TypeError: there is no such option.
        ValueError: an option is no whole number, or too small.
    """
    design = DESIGNS[architecture]
    unknown = sorted(set(options) - {"bottom", "down", "up"})
    if unknown:
        raise TypeError(f"unknown option '{unknown[0]}'; the options are bottom, down and up")
    design = replace(design, **options)
    least = 2**design.levels
    if not all(isinstance(value, int) for value in options.values()):
        raise ValueError("bottom, down and up are whole numbers")
    if design.bottom < least:
        raise ValueError(
            f"bottom = {design.bottom} is not a number of filters; give {least} or more"
        )
    if min(design.down, design.up) < 1:
        raise ValueError("down and up are numbers of convolutions, 1 or more")
    return design


class _Encoder(nn.Module):
    """Photos in, a feature map a level out, the deepest last."""

    def __init__(self, filters: Sequence[int], design: Design) -> None:
        super().__init__()
        before = [3, *filters]
        self.blocks = nn.ModuleList(
            _block(before[k], filters[k], design.down, design.normalised)
            for k in range(len(filters))
        )
        self.shrink = nn.MaxPool2d(2)

    def forward(self, images: Tensor) -> list[Tensor]:
        features = [self.blocks[0](images)]
        for block in self.blocks[1:]:
            features.append(block(self.shrink(features[-1])))
        return features


class _Decoder(nn.Module):
    """Feature maps in, from the deepest up, each joined with the one of its size."""

    def __init__(self, filters: Sequence[int], design: Design) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _block(filters[k + 1] + filters[k], filters[k], design.up, design.normalised)
            for k in reversed(range(len(filters) - 1))
        )
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        x, skips = features[-1], features[-2::-1]
        for block, skip in zip(self.blocks, skips, strict=True):
            x = block(torch.cat([self.enlarge(x), skip], dim=1))
        return x


def _block(before: int, after: int, convolutions: int, normalised: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for k in range(convolutions):
        layers.append(
            nn.Conv2d(before if k == 0 else after, after, 3, padding=1, bias=not normalised)
        )
        if normalised:
            layers.append(nn.BatchNorm2d(after))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)
