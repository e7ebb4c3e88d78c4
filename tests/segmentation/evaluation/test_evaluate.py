"""Evaluation by known masks: figures against scikit-learn; what is empty, void or broken."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import metrics as sk

from hemline.datasets.sample import Sample
from hemline.errors import ImageError
from hemline.segmentation.evaluation.evaluate import MeasuredPhoto, evaluate, evaluate_one
from hemline.segmentation.evaluation.summary import MEASURES, evaluation_summary

LABELS = ("coat", "dress", "hat")


class Knows:
    """A predictor that gives the masks it was given, in order."""

    def __init__(self, masks, labels=LABELS):
        self.labels = labels
        self._masks = iter(masks)

    def predict(self, images):
        return [SimpleNamespace(mask=next(self._masks)) for _ in images]


def sample(name, truth):
    image = np.zeros((*truth.shape, 3), np.uint8)
    return Sample(id=name, garment=name, view="", source="", load=lambda: (image, truth))


def measured(truths, masks, labels=LABELS):
    samples = [sample(f"p{number}", truth) for number, truth in enumerate(truths)]
    return evaluate(Knows(masks, labels), samples)


@pytest.fixture
def blocks():
    """Ten pairs of true and predicted class ids; nobody has a hat."""
    rng = np.random.default_rng(0)
    truths = np.kron(rng.integers(0, 3, (10, 5, 4)), np.ones((6, 6))).astype(np.uint8)
    masks = truths.copy()
    masks[rng.random(masks.shape) < 0.2] = 1
    return truths, masks


def test_figures_of_a_photo_are_those_of_scikit_learn(blocks):
    truths, masks = blocks
    for item, truth, mask in zip(measured(truths, masks).items, truths, masks, strict=True):
        flat = (truth > 0).ravel(), (mask > 0).ravel()
        assert item.dice == pytest.approx(sk.f1_score(*flat))
        assert item.iou == pytest.approx(sk.jaccard_score(*flat))
        assert item.precision == pytest.approx(sk.precision_score(*flat))
        assert item.recall == pytest.approx(sk.recall_score(*flat))
        assert item.pixel_accuracy == pytest.approx((truth == mask).mean())
        assert item.labels["dress"] == pytest.approx(
            sk.f1_score((truth == 2).ravel(), (mask == 2).ravel())
        )
        assert "hat" not in item.labels


def test_classes_are_pooled_over_all_pixels(blocks):
    truths, masks = blocks
    summary = evaluation_summary(measured(truths, masks), LABELS)
    flat = truths.ravel(), masks.ravel()
    rows = {row["label"]: row for row in summary["classes"]}
    assert list(rows) == ["background", *LABELS]
    iou = sk.jaccard_score(*flat, average=None)
    f1 = sk.f1_score(*flat, average=None)
    recall = sk.recall_score(*flat, average=None)
    for class_id, label in enumerate(("background", "coat", "dress")):
        assert rows[label]["iou"] == pytest.approx(iou[class_id])
        assert rows[label]["f1"] == rows[label]["dice"] == pytest.approx(f1[class_id])
        assert rows[label]["recall"] == pytest.approx(recall[class_id])
        assert rows[label]["truth_share"] == pytest.approx((truths == class_id).mean())
        assert rows[label]["predicted_share"] == pytest.approx((masks == class_id).mean())
        assert rows[label]["photos"] == sum((truth == class_id).any() for truth in truths)
    assert summary["pooled"]["macro_iou"] == pytest.approx(iou[1:].mean())
    assert summary["pooled"]["mean_iou"] == pytest.approx(iou.mean())
    assert summary["pooled"]["macro_f1"] == pytest.approx(f1[1:].mean())
    assert rows["hat"]["iou"] is None
    assert rows["hat"]["photos"] == 0
    assert summary["warnings"] == ["'hat' is in no photo, so nothing is known about it"]


def test_the_summary_is_plain_json_with_every_measure(blocks):
    summary = json.loads(json.dumps(evaluation_summary(measured(*blocks), LABELS), allow_nan=False))
    assert summary["n"] == 10
    for measure in MEASURES:
        assert summary[measure].keys() == {
            "mean",
            "median",
            "mean_interval",
            "median_interval",
            "corrected_mean",
            "corrected_median",
            "left_out",
        }
        low, high = summary[measure]["mean_interval"]
        assert low <= summary[measure]["mean"] <= high
    assert summary["f1"] == summary["dice"]


def test_a_class_that_is_never_found_is_named():
    truth = np.zeros((8, 8), np.uint8)
    truth[:4] = 1
    truth[4:, 4:] = 2
    mask = (truth > 0).astype(np.uint8)
    summary = evaluation_summary(measured([truth], [mask], LABELS[:2]), LABELS[:2])
    assert summary["warnings"] == ["'dress' is in 1 photos and was never found"]
    assert summary["dice"]["mean"] == 1.0
    assert summary["pooled"]["macro_iou"] == pytest.approx((32 / 48 + 0) / 2)


def test_outliers_are_left_out_by_name_and_on_the_worse_side():
    square = np.zeros((40, 40), np.uint8)
    square[10:30, 10:30] = 1
    masks = [np.roll(square, shift, axis=0) for shift in (1, 1, 1, 2, 1, 15)]
    summary = evaluation_summary(measured([square] * 6, masks), LABELS)
    for measure in ("dice", "iou", "hd95", "assd"):
        assert "p5" in summary[measure]["left_out"]
    assert summary["dice"]["corrected_mean"] > summary["dice"]["mean"]
    assert summary["hd95"]["corrected_mean"] < summary["hd95"]["mean"]


def test_pixels_that_nobody_labelled_do_not_count():
    truth = np.zeros((20, 20), np.uint8)
    truth[5:15, 5:15] = 1
    mask = truth.copy()
    mask[5:15, 15:20] = 1
    void = truth.copy()
    void[:, 15:] = 255
    counted, ignored = (measured([a], [mask]).items[0] for a in (truth, void))
    assert counted.dice < 1
    assert counted.hd95 > 0
    assert ignored.dice == ignored.precision == ignored.boundary_f == ignored.pixel_accuracy == 1
    assert ignored.hd95 == 0
    nothing = measured([np.full((4, 4), 255, np.uint8)], [np.ones((4, 4), np.uint8)])
    assert nothing.items == []
    assert "no pixel of its mask is labelled" in nothing.skipped[0][1]


def test_empty_masks():
    empty, filled = np.zeros((30, 40), np.uint8), np.ones((30, 40), np.uint8)
    right, missed, invented = measured([empty, filled, empty], [empty, empty, filled]).items
    assert right.dice == right.precision == right.recall == right.boundary_iou == 1
    assert right.hd95 == right.assd == 0
    assert right.labels == {}
    for item in (missed, invented):
        assert item.dice == item.precision == item.recall == item.boundary_f == 0
        assert item.hd95 == item.assd == 50


def test_what_cannot_be_read_is_skipped_by_name_and_the_rest_goes_on():
    def broken():
        raise ImageError("photo 'b.jpg' is broken")

    good = sample("a", np.ones((4, 4), np.uint8))
    bad = Sample(id="b", garment="b", view="", source="", load=broken)
    unknown = sample("c", np.full((4, 4), 9, np.uint8))
    seen: list[MeasuredPhoto | None] = []
    masks = [np.ones((4, 4), np.uint8)] * 3
    result = evaluate(Knows(masks), [good, bad, unknown], seen.append)
    assert [item.id for item in result.items] == ["a"]
    assert [name for name, _ in result.skipped] == ["b", "c"]
    assert "class id 9 but there are 4 classes" in result.skipped[1][1]
    assert [one is None for one in seen] == [False, True, True]
    nobody = evaluation_summary(evaluate(Knows([]), [bad]), LABELS)
    assert nobody["n"] == 0
    assert nobody["dice"]["mean"] is None
    json.dumps(nobody, allow_nan=False)


def test_one_photo_says_what_it_was_measured_on():
    truth = np.ones((4, 4), np.uint8)
    one = evaluate_one(Knows([truth]), sample("a", truth))
    assert one.truth is truth
    assert one.image.shape == (4, 4, 3)
    assert one.matrix[1, 1] == 16
