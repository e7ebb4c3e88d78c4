"""Losses against the library's own, and what their options say they do."""

import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses.dice import DiceLoss
from monai.losses.focal_loss import FocalLoss
from torch import nn

from hemline.masks.figures.overlap import IGNORE
from hemline.segmentation.optimisation.losses import WeightedLoss, class_weights, near_outline
from hemline.segmentation.recipe.parts import Loss, LossName

NAMES = ("dice", "cross_entropy", "focal", "lovasz", "boundary")


def batch(classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    outputs = 1 if classes == 2 else classes
    logits = torch.randn(2, outputs, 16, 16, requires_grad=True)
    masks = torch.randint(0, classes, (2, 16, 16), dtype=torch.uint8)
    return logits, masks


def loss_of(name: LossName, classes: int, **options) -> WeightedLoss:
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
    assert logits.grad is not None
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


@st.composite
def partly_labelled(draw) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and masks of a batch in which some pixels are ignored and some are not."""
    classes = draw(st.sampled_from([2, 3, 5]))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(2, 6)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    outputs = 1 if classes == 2 else classes
    logits = 3 * torch.randn((shape[0], outputs, *shape[1:]), generator=generator)
    masks = torch.randint(0, classes, shape, generator=generator, dtype=torch.uint8)
    ignored = torch.rand(shape, generator=generator) < draw(st.floats(0.05, 0.95))
    ignored[0, 0, 0], ignored[0, 0, 1] = True, False
    masks[ignored] = IGNORE
    return logits, masks


def value_and_slope(loss: nn.Module, logits: torch.Tensor, masks: torch.Tensor):
    logits = logits.clone().requires_grad_()
    value = loss(logits, masks)
    value.backward()
    return value.item(), logits.grad


@given(partly_labelled())
@pytest.mark.parametrize(
    ("name", "balance"),
    [("dice", 0.0), ("dice", 1.0), ("cross_entropy", 1.0), ("focal", 1.0), ("lovasz", 0.0)],
)
def test_the_loss_of_a_batch_is_that_of_its_labelled_pixels(name, balance, data):
    logits, masks = data
    classes = max(logits.shape[1], 2)
    shares = [(k + 1) / (classes * (classes + 1) / 2) for k in range(classes)]
    loss = WeightedLoss([Loss(name=name, balance=balance)], shares)
    places = (masks != IGNORE).nonzero().tolist()
    kept_logits = torch.stack([logits[n, :, y, x] for n, y, x in places], dim=1)[None, :, None]
    kept_masks = torch.stack([masks[n, y, x] for n, y, x in places])[None, None]
    value, slope = value_and_slope(loss, logits, masks)
    expected, its_slope = value_and_slope(loss, kept_logits, kept_masks)
    assert value == pytest.approx(expected, rel=1e-6, abs=1e-7)
    assert (slope.movedim(1, -1)[masks == IGNORE] == 0).all()
    for place, (n, y, x) in enumerate(places):
        torch.testing.assert_close(slope[n, :, y, x], its_slope[0, :, 0, place])


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_ignored_beside_a_crop_is_as_if_cut_off(name, classes):
    logits, masks = batch(classes)
    loss = loss_of(name, classes, **({"reach": 2} if name == "boundary" else {}))
    whole = masks.clone()
    whole[:, :, 9:] = IGNORE
    value, slope = value_and_slope(loss, logits.detach(), whole)
    expected, its_slope = value_and_slope(loss, logits.detach()[..., :9], masks[..., :9])
    assert value == pytest.approx(expected, rel=1e-6)
    assert value != pytest.approx(loss(logits, masks).item(), rel=1e-5)
    torch.testing.assert_close(slope[..., :9], its_slope)
    assert not slope[..., 9:].any()


@pytest.mark.parametrize(
    ("name", "classes", "library"),
    [
        ("cross_entropy", 4, nn.CrossEntropyLoss(ignore_index=IGNORE)),
        ("lovasz", 4, smp.losses.LovaszLoss("multiclass", ignore_index=IGNORE)),
        ("lovasz", 2, smp.losses.LovaszLoss("binary", ignore_index=IGNORE)),
        ("dice", 2, smp.losses.DiceLoss("binary", smooth=1.0, ignore_index=IGNORE)),
    ],
)
def test_ignored_pixels_are_what_the_library_ignores(name, classes, library):
    logits, masks = batch(classes)
    masks[:, 3:9, ::2] = IGNORE
    target = masks.long() if classes > 2 else masks.unsqueeze(1).long()
    ours = loss_of(name, classes)(logits, masks)
    assert ours.item() == pytest.approx(library(logits, target).item(), rel=1e-5)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", NAMES)
def test_where_nobody_labelled_anything_there_is_nothing_to_learn(name, classes):
    logits, masks = batch(classes)
    loss = loss_of(name, classes)
    value, slope = value_and_slope(loss, logits.detach(), torch.full_like(masks, IGNORE))
    assert value == 0
    assert not slope.any()
    masks[0] = IGNORE  # one photo of two: the loss is the other's
    value, slope = value_and_slope(loss, logits.detach(), masks)
    assert value == pytest.approx(loss(logits[1:], masks[1:]).item(), rel=1e-6)
    assert not slope[0].any()
    assert slope[1].any()


def test_the_edge_of_what_is_labelled_is_no_outline():
    mask = torch.full((1, 9, 9), IGNORE, dtype=torch.uint8)
    mask[:, :, 3:6] = 0
    assert not near_outline(mask, 2)[0, :, 3:6].any()
    mask[:, :, 5] = 254
    assert near_outline(mask, 1)[0, 4, 3:6].tolist() == [0, 1, 1]
