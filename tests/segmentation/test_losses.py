"""Losses against the library's own, and what their options say they do."""

import pytest
import segmentation_models_pytorch as smp
import torch
from monai.losses import DiceLoss, FocalLoss
from torch import nn

from hemline.segmentation.losses import WeightedLoss, class_weights, near_outline
from hemline.segmentation.recipe_parts import Loss

NAMES = ("dice", "cross_entropy", "focal", "lovasz", "boundary")


def batch(classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    outputs = 1 if classes == 2 else classes
    logits = torch.randn(2, outputs, 16, 16, requires_grad=True)
    masks = torch.randint(0, classes, (2, 16, 16), dtype=torch.uint8)
    return logits, masks


def loss_of(name: str, classes: int, **options) -> WeightedLoss:
    return WeightedLoss([Loss(name=name, **options)], [1 / classes] * classes)


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("cross_entropy", nn.CrossEntropyLoss()),
        ("lovasz", smp.losses.LovaszLoss("multiclass")),
    ],
)
def test_many_classes_unweighted_are_the_librarys(name, library):
    logits, masks = batch(4)
    ours = loss_of(name, 4)(logits, masks)
    assert ours.item() == pytest.approx(library(logits, masks.long()).item(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("dice", smp.losses.DiceLoss("binary", smooth=1.0)),
        ("cross_entropy", nn.BCEWithLogitsLoss()),
        ("lovasz", smp.losses.LovaszLoss("binary")),
    ],
)
def test_one_label_unweighted_is_the_librarys(name, library):
    logits, masks = batch(2)
    assert loss_of(name, 2)(logits, masks).item() == pytest.approx(
        library(logits, masks.unsqueeze(1).float()).item(), rel=1e-4
    )


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sure", [False, True])
def test_gradients_are_numbers(name, classes, sure):
    logits, masks = batch(classes)
    if sure:  # where a focal loss' slope is no number unless it is looked after
        with torch.no_grad():
            logits.mul_(100)
    loss_of(name, classes)(logits, masks).backward()
    assert torch.isfinite(logits.grad).all()


def test_the_focal_loss_of_many_classes_is_monais():
    logits, masks = batch(4)
    theirs = FocalLoss(use_softmax=True, to_onehot_y=True, gamma=2.0)
    expected = theirs(logits, masks.unsqueeze(1)).item() * 4  # MONAI averages over classes too
    assert loss_of("focal", 4)(logits, masks).item() == pytest.approx(expected, rel=1e-4)


def test_the_dice_loss_of_many_classes_is_monais():
    logits, masks = batch(4)
    theirs = DiceLoss(softmax=True, to_onehot_y=True, batch=True, smooth_nr=1, smooth_dr=1)
    expected = theirs(logits, masks.unsqueeze(1)).item()
    assert loss_of("dice", 4)(logits, masks).item() == pytest.approx(expected, rel=1e-5)


def test_terms_are_weighed_and_summed():
    logits, masks = batch(4)
    both = WeightedLoss([Loss(name="dice", weight=0.5), Loss(name="lovasz", weight=3)], [0.25] * 4)(
        logits, masks
    )
    dice, lovasz = (loss_of(name, 4)(logits, masks) for name in ("dice", "lovasz"))
    assert both.item() == pytest.approx((0.5 * dice + 3 * lovasz).item())


def test_a_balanced_entropy_is_the_librarys_weighted_one():
    logits, masks = batch(3)
    shares = [0.7, 0.2, 0.1]
    weights = class_weights(shares, 1.0)
    ours = WeightedLoss([Loss(name="cross_entropy", balance=1.0)], shares)(logits, masks)
    theirs = nn.CrossEntropyLoss(weight=weights, reduction="none")(logits, masks.long()).mean()
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_rare_classes_weigh_more_and_the_mean_pixel_weighs_one():
    shares = torch.tensor([0.7, 0.28, 0.02, 0.0])
    for balance in (0.0, 0.5, 1.0):
        weights = class_weights(shares.tolist(), balance)
        assert (weights * shares).sum().item() == pytest.approx(1)
        assert weights[3] == weights[2]  # a class without pixels: no infinity
    full = class_weights(shares.tolist(), 1.0)[:3]
    assert torch.allclose(full * shares[:3], (full * shares[:3])[0].expand(3))


def test_near_outline_marks_both_sides_within_reach():
    mask = torch.zeros(1, 9, 9, dtype=torch.uint8)
    mask[:, :, 4:] = 2
    assert near_outline(mask, 2)[0, 4].tolist() == [0, 0, 1, 1, 1, 1, 0, 0, 0]


def test_a_boundary_loss_minds_errors_near_the_outline_more():
    mask = torch.zeros(1, 32, 32, dtype=torch.uint8)
    mask[:, 8:24, 8:24] = 1
    right = torch.where(mask > 0, 4.0, -4.0).unsqueeze(1)
    near, far = right.clone(), right.clone()
    near[0, 0, 8, 10:14] *= -1
    far[0, 0, 16, 14:18] *= -1
    loss = loss_of("boundary", 2, edge=5, reach=2)
    plain = loss_of("cross_entropy", 2)
    assert plain(near, mask).item() == pytest.approx(plain(far, mask).item())
    assert loss(near, mask).item() > 2 * loss(far, mask).item()
