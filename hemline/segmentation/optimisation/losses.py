"""The loss of a recipe: a weighted sum of terms over logits and class-id masks."""

from collections.abc import Callable, Sequence

import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.recipe.parts import Loss, LossName

_FOCUS = 2.0  # γ of Lin et al. 2017, arXiv:1708.02002


class WeightedLoss(nn.Module):
    """Σ weight · term(logits, masks).

    Logits are `(N, 1, H, W)` for one label and `(N, K + 1, H, W)` for K; masks are `(N, H, W)`
    uint8 class ids, on the logits' device or, which spares a GPU a wait, on the CPU. Pixels of
    `overlap.IGNORE` are left out: the loss is that of the others alone, and 0 without any.
    `shares` are the shares of the training pixels that each class id has, the background first:
    what `balance` weighs classes by.
    """

    def __init__(self, losses: Sequence[Loss], shares: Sequence[float]) -> None:
        super().__init__()
        self.weights = [loss.weight for loss in losses]
        self.terms = nn.ModuleList(
            _TERMS[loss.name](loss, class_weights(shares, loss.balance)) for loss in losses
        )

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        logits, ignores = logits.float(), int(masks.max()) == IGNORE
        masks = masks.to(logits.device)
        known, ids = _labelled(logits, masks) if ignores else (logits, masks)
        if not ids.numel():
            return logits.flatten()[:0].sum()
        terms = (
            weight * term(known, ids, masks)
            for weight, term in zip(self.weights, self.terms, strict=True)
        )
        return torch.stack(list(terms)).sum()


def _labelled(logits: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Logits `(1, C, 1, P)` and class ids `(1, 1, P)` of the P pixels that somebody labelled."""
    known = masks != IGNORE
    pixels = logits.movedim(1, -1)[known]
    return pixels.T[None, :, None], masks[known][None, None]


def class_weights(shares: Sequence[float], balance: float) -> Tensor:
    """Weights `(K + 1,)` of the classes, share ** -balance, with a mean of 1 over the pixels.

    A class that no pixel has weighs as the rarest that one has: it costs nothing, and should it
    come in another training its weight is no infinity.

    >>> class_weights([0.8, 0.2], balance=1.0)
    tensor([0.6250, 2.5000])
    """
    share = torch.tensor(shares, dtype=torch.float32)
    share = share.clamp(min=float(share[share > 0].min()))
    weights = share.pow(-balance)
    pixels = torch.tensor(shares, dtype=torch.float32)
    return weights * (pixels.sum() / (weights * pixels).sum())


class _Balanced(nn.Module):
    """A term in which each class has its weight.

    All terms take logits `(N, C, H, W)`, class ids `(N, H, W)` of the pixels that count, and the
    masks as they were drawn: the same tensor unless there are ignored pixels in them.
    """

    classes: Tensor

    def __init__(self, loss: Loss, classes: Tensor) -> None:
        super().__init__()
        self.register_buffer("classes", classes)


class _Dice(_Balanced):
    """1 - the soft Dice of each class over the batch, averaged over the classes that are in it
    (Milletari et al. 2016, arXiv:1606.04797). With one label, the garment's alone."""

    def __init__(self, loss: Loss, classes: Tensor) -> None:
        super().__init__(loss, classes)
        self.plain = smp.losses.DiceLoss("binary", smooth=1.0)

    def forward(self, logits: Tensor, ids: Tensor, masks: Tensor) -> Tensor:
        if logits.shape[1] == 1:
            value: Tensor = self.plain(logits, ids.unsqueeze(1).float())
            return value
        p, classes = logits.softmax(1), ids.long()
        # What p has of the pixels' own classes, in half the time of a one-hot target's product.
        own = p.gather(1, classes.unsqueeze(1)).flatten()
        shared = own.new_zeros(p.shape[1]).index_add(0, classes.flatten(), own)
        pixels = torch.bincount(classes.flatten(), minlength=p.shape[1])
        total = p.sum((0, 2, 3)) + pixels
        weights = self.classes * (pixels > 0)
        dice = (2 * shared + 1) / (total + 1)
        return ((1 - dice) * weights).sum() / weights.sum()


class _CrossEntropy(_Balanced):
    """Cross-entropy, each pixel weighing as its class; binary for one label."""

    def forward(self, logits: Tensor, ids: Tensor, masks: Tensor) -> Tensor:
        return (_entropy(logits, ids) * self.classes[ids.long()]).mean()


class _Focal(_Balanced):
    """Focal loss, (1 - p)^γ times the cross-entropy, each pixel weighing as its class."""

    def forward(self, logits: Tensor, ids: Tensor, masks: Tensor) -> Tensor:
        entropy = _entropy(logits, ids)
        missed = (1 - torch.exp(-entropy)).clamp(min=1e-6)  # the power's slope at 0 is no number
        return (missed**_FOCUS * entropy * self.classes[ids.long()]).mean()


class _Lovasz(nn.Module):
    """The Lovász extension of IoU (Berman et al. 2018, arXiv:1705.08790)."""

    def __init__(self, loss: Loss, classes: Tensor) -> None:
        super().__init__()
        self.term = smp.losses.LovaszLoss("binary" if len(classes) == 2 else "multiclass")

    def forward(self, logits: Tensor, ids: Tensor, masks: Tensor) -> Tensor:
        value: Tensor = self.term(logits, ids.long())
        return value


class _Boundary(_Balanced):
    """Cross-entropy in which pixels near an outline count `edge` times: Ronneberger et al. 2015,
    arXiv:1505.04597, weigh pixels by their distance to outlines to the same end."""

    def __init__(self, loss: Loss, classes: Tensor) -> None:
        super().__init__(loss, classes)
        self.edge, self.reach = loss.edge, loss.reach

    def forward(self, logits: Tensor, ids: Tensor, masks: Tensor) -> Tensor:
        near = near_outline(masks, self.reach)
        if ids is not masks:
            near = near[masks != IGNORE][None, None]
        weights = self.classes[ids.long()] * (1 + (self.edge - 1) * near)
        return (_entropy(logits, ids) * weights).sum() / weights.sum()


def near_outline(masks: Tensor, reach: int) -> Tensor:
    """1.0 where another class is at most `reach` pixels away (a square around the pixel), else 0.0;
    `(N, H, W)` float32 from class ids, uint8.

    What nobody labelled is no other class: an outline is where two labels meet. Of an ignored pixel
    itself the value means nothing.
    """
    size = 2 * reach + 1
    # Of uint8, both of these are 0 for IGNORE, and more for any class: it never is the highest.
    highest, lowest = (
        F.max_pool2d(values.unsqueeze(1).float(), size, stride=1, padding=reach)
        for values in (masks + 1, 255 - masks)
    )
    return (highest - 1 != 255 - lowest).squeeze(1).float()


def _entropy(logits: Tensor, ids: Tensor) -> Tensor:
    """Cross-entropy of each pixel, `(N, H, W)`."""
    if logits.shape[1] == 1:
        target = ids.to(logits.dtype)
        return F.binary_cross_entropy_with_logits(logits.squeeze(1), target, reduction="none")
    return F.cross_entropy(logits, ids.long(), reduction="none")


_TERMS: dict[LossName, Callable[[Loss, Tensor], nn.Module]] = {
    "dice": _Dice,
    "cross_entropy": _CrossEntropy,
    "focal": _Focal,
    "lovasz": _Lovasz,
    "boundary": _Boundary,
}
