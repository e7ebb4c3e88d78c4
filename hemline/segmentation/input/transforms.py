"""Random changes of training photos, each drawn from its own seed so that a resumed training,
or one with more threads, sees the same pixels."""

from collections.abc import Sequence
from math import exp, log

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

from hemline.datasets.sample import swap_pairs
from hemline.segmentation.input.preprocessing import MEAN, STD
from hemline.segmentation.recipe.parts import Augment, Preprocessing

_FILL = [255 * value for value in MEAN]  # beyond the photo's edge the network sees zero


def augment(
    image: Tensor, mask: Tensor, options: Augment, mirrored: Tensor, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A changed copy of a photo `(3, H, W)` uint8 and its class-id mask `(1, H, W)` uint8.

    `mirrored` is `(256,)` uint8: the class id that each has in the mirrored photo.
    """
    if rng.random() < options.flip:
        image, mask = F.horizontal_flip(image), mirrored[F.horizontal_flip(mask).int()]
    image, mask = _move(image, mask, options, rng)
    return _recolour(image, options, rng), mask


def mirrored_ids(labels: Sequence[str]) -> Tensor:
    """The class id each class id has in a mirrored photo, `(256,)` uint8: left becomes right."""
    ids = torch.arange(256, dtype=torch.uint8)
    for one, other in swap_pairs(labels):
        ids[one], ids[other] = other, one
    return ids


def normalise(images: Tensor, preprocess: Sequence[Preprocessing] = ()) -> Tensor:
    """Photos `(N, 3, H, W)` uint8 as the encoder was trained to see them, float32.

    With "centre_and_normalise" each photo has its own mean 0 and standard deviation 1 in each
    channel instead of those of ImageNet.
    """
    if "centre_and_normalise" in preprocess:
        values = images.float()
        spread, centre = torch.std_mean(values, dim=(2, 3), keepdim=True, correction=0)
        return (values - centre) / spread.clamp(min=1.0)
    mean = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1) * 255
    std = torch.tensor(STD, device=images.device).view(1, 3, 1, 1) * 255
    return (images.float() - mean) / std


def _move(
    image: Tensor, mask: Tensor, options: Augment, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    height, width = image.shape[-2:]
    low, high = options.scale
    angle = float(rng.uniform(-options.rotate, options.rotate))
    scale = exp(rng.uniform(log(low), log(high)))
    right, down = rng.uniform(-options.shift, options.shift, 2) * (width, height)
    arguments = {
        "angle": angle,
        "translate": [float(right), float(down)],
        "scale": scale,
        "shear": [0.0, 0.0],
    }
    moved = F.affine(image, **arguments, interpolation=InterpolationMode.BILINEAR, fill=_FILL)
    return moved, F.affine(mask, **arguments, interpolation=InterpolationMode.NEAREST, fill=0)


def _recolour(image: Tensor, options: Augment, rng: np.random.Generator) -> Tensor:
    def factor(strength: float) -> float:
        return float(rng.uniform(max(0.0, 1 - strength), 1 + strength))

    image = F.adjust_brightness(image, factor(options.brightness))
    image = F.adjust_contrast(image, factor(options.contrast))
    image = F.adjust_saturation(image, factor(options.saturation))
    if options.hue and rng.random() < 0.5:  # the dearest of the four, so for half of the photos
        image = F.adjust_hue(image, float(rng.uniform(-options.hue, options.hue)))
    return image
