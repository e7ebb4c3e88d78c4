"""Evaluations as stored, rubber stamps and agreement: figures counted by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from backend.dashboard.pages.agreement import Comparisons
from backend.dashboard.pages.annotators import is_stamp, stamp_limits
from backend.dashboard.pages.evaluation_items import better_and_worse, by_class, by_view, read_items
from hemline.masks.codecs.png import encode_class_mask
from hemline.masks.figures.overlap import dice
from hemline.segmentation.evaluation.evaluate import ItemFigures
from hemline.segmentation.evaluation.paired_test import judge
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.reports.label_stats import LabelWork
from hemline.store.tables.loop import Evaluation


def evaluation(*items: Any) -> Evaluation:
    return Evaluation(figures={"items": list(items)}, decision="", promoted=True)


def item(number: int, mine: float, theirs: float | None, **labels: tuple[float, float]) -> Any:
    return {
        "id": f"task-{number}",
        "garment": f"g{number}",
        "dice": mine,
        "champion_dice": theirs,
        "labels": {name: pair[0] for name, pair in labels.items()},
        "champion_labels": {name: pair[1] for name, pair in labels.items()},
    }


def work(number: int, annotator: str = "ada", /, **fields: Any) -> LabelWork:
    usual = LabelWork(
        annotation_id=number,
        ls_task_id=number,
        task_id=number,
        garment="g",
        view="",
        annotator=annotator,
        mask_digest="a" * 64,
        lead_time_s=60.0,
        untouched=False,
        clicks=0,
        brushed=True,
        dice=0.9,
        expected=0.9,
        changed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return replace(usual, **fields)


def test_what_the_judge_stores_is_read_again():
    def figures(name: str, value: float, top: float) -> ItemFigures:
        return ItemFigures(
            id=name,
            garment=name,
            dice=value,
            iou=value,
            precision=value,
            recall=value,
            boundary_iou=value,
            boundary_f=value,
            hd95=value,
            assd=value,
            pixel_accuracy=value,
            labels={"top": top},
        )

    judgement = judge(
        [figures("task-1", 0.9, 0.8), figures("task-2", 0.7, 0.6)],
        [figures("task-1", 0.5, 0.4), figures("task-2", 0.8, 0.7)],
        level=0.05,
    )
    items = read_items(Evaluation(figures=judgement.figures, decision="", promoted=False))
    assert [one.ls_task_id for one in items] == [1, 2]
    assert [one.change for one in items] == pytest.approx([0.4, -0.1])
    [top] = by_class(items)
    assert (top.name, top.photos) == ("top", 2)
    assert top.dice == pytest.approx(0.7)
    assert top.champion_dice == pytest.approx(0.55)
    assert top.difference == pytest.approx(0.15)


def test_groups_compare_only_what_both_have():
    items = read_items(evaluation(item(1, 0.9, 0.7), item(2, 0.8, None), item(3, 0.4, 0.5)))
    front, side = by_view(items, lambda task: "Front" if task != 3 else "Side")
    assert front.photos == 2
    assert front.dice == pytest.approx(0.85)
    assert front.champion_dice == pytest.approx(0.7)
    assert front.difference == pytest.approx(0.2)
    assert front.interval is None  # one difference says nothing of its spread
    assert side.difference == pytest.approx(-0.1)


def test_the_largest_changes_come_first():
    items = read_items(evaluation(*(item(n, n / 10, 0.5) for n in range(10)), item(99, 0.1, None)))
    better, worse = better_and_worse(items, 3)
    assert [one.ls_task_id for one in better] == [9, 8, 7]
    assert [one.ls_task_id for one in worse] == [0, 1, 2]


@pytest.mark.parametrize(
    "odd",
    [None, 7, "x", {}, {"dice": None}, {"dice": float("nan")}, {"dice": "0.9"}],
)
def test_what_is_no_figure_is_left_out(odd):
    items = read_items(evaluation(odd, {"dice": 0.9, "id": "task-" + "9" * 30, "labels": [1]}))
    assert [(one.dice, one.ls_task_id, one.labels) for one in items] == [(0.9, None, {})]
    assert read_items(Evaluation(figures={}, decision="", promoted=False)) == []


def test_a_stamp_is_untouched_fast_and_on_a_weak_prefill():
    usual = [work(n, expected=n / 10) for n in range(1, 10)]
    limits = stamp_limits(usual)
    assert limits.seconds == 15.0
    assert limits.expected == pytest.approx(0.3)
    stamp = {"untouched": True, "lead_time_s": 10.0, "expected": 0.2}
    assert is_stamp(work(1, **stamp), limits)
    for change in (
        {"untouched": False},
        {"lead_time_s": 16.0},
        {"expected": 0.31},
        {"lead_time_s": None},
        {"expected": None},
    ):
        assert not is_stamp(work(1, **(stamp | change)), limits)
    assert not is_stamp(work(1, **stamp), stamp_limits([]))


def test_agreement_is_the_dice_of_each_pair_of_people(tmp_path):
    artifacts = ArtifactStore(str(tmp_path))
    masks = np.zeros((3, 8, 8), np.uint8)
    masks[0, :4], masks[1, 2:6], masks[2, :4] = 1, 1, 2  # the class does not matter
    digests = [artifacts.put(encode_class_mask(mask), "mask") for mask in masks]
    other_size = artifacts.put(encode_class_mask(np.ones((4, 4), np.uint8)), "mask")
    labels = [
        work(1, "ada", mask_digest=digests[0]),
        work(1, "bea", mask_digest=digests[1]),
        work(1, "bea", mask_digest=digests[0]),
        work(2, "ada", mask_digest=digests[2]),
        work(2, "cem", mask_digest=digests[0]),
        work(3, "ada", mask_digest=digests[0]),
        work(3, "cem", mask_digest=other_size),
        work(4, "ada"),
        work(5, "bea"),
    ]
    found = Comparisons(artifacts).agreement(labels)
    assert (found.compared, found.pairs) == (4, 4)
    half = float(dice(masks[0] > 0, masks[1] > 0))
    assert found.by_annotator["bea"] == [half, 1.0]
    assert sorted(found.by_annotator["ada"]) == [half, 1.0, 1.0]
    assert found.by_annotator["cem"] == [1.0]
