"""The loss of a recipe: a weighted sum of terms over logits and class-id masks."""

from collections.abc import Callable, Sequence

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

from hemline.segmentation.recipe import Loss, LossName


class WeightedLoss(nn.Module):
    """Σ weight · term(logits, masks).

    Logits are `(N, 1, H, W)` for one label and `(N, K + 1, H, W)` for K; masks are `(N, H, W)`
    uint8 class ids.
    """

    def __init__(self, losses: Sequence[Loss], outputs: int) -> None:
        super().__init__()
        self.weights = [loss.weight for loss in losses]
        self.terms = nn.ModuleList(_TERMS[loss.name](outputs == 1) for loss in losses)
        self.binary = outputs == 1

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        target = masks.unsqueeze(1).float() if self.binary else masks.long()
        terms = (
            weight * term(logits, target)
            for weight, term in zip(self.weights, self.terms, strict=True)
        )
        return torch.stack(list(terms)).sum()


def _mode(binary: bool) -> str:
    return "binary" if binary else "multiclass"


_TERMS: dict[LossName, Callable[[bool], nn.Module]] = {
    "dice": lambda binary: smp.losses.DiceLoss(_mode(binary), smooth=1.0),
    "cross_entropy": lambda binary: nn.BCEWithLogitsLoss() if binary else nn.CrossEntropyLoss(),
    "focal": lambda binary: smp.losses.FocalLoss(_mode(binary)),
    "lovasz": lambda binary: smp.losses.LovaszLoss(_mode(binary)),
}
