"""What a simulation measures and writes, and the data that it plays with; no Label Studio."""

from typing import Any

import numpy as np
import pytest

from hemline.datasets.classes.meanings import match_labels
from hemline.datasets.splits import split_by_garment
from hemline.demo.simulated import LabelIou, Row, as_markdown, row_of
from hemline.demo.simulated_data import open_simulated
from hemline.errors import DatasetError, LabelMappingError
from hemline.masks.figures.overlap import confusion
from hemline.segmentation.mapped_starter import starter_classes, starter_recipe

STARTERS = str(starter_recipe().classes)  # the class list's name
LABELS = ("top", "bag|big", "hat")


def measured(*pairs: tuple[list[int], list[int]], corrections: int = 0) -> Row:
    """A row of photos of a few pixels: what was pre-filled, and the truth."""
    matrices = [
        confusion(np.array([drawn], np.uint8), np.array([truth], np.uint8), classes=4, ignore=255)
        for drawn, truth in pairs
    ]
    return row_of(
        matrices, LABELS, corrections=corrections, model_version="v1", decision="so", minutes=2.4
    )


def test_a_photo_is_the_mean_of_its_labels_and_a_label_is_of_all_its_pixels() -> None:
    row = measured(([1, 1, 0, 2], [1, 1, 2, 2]), ([1, 0, 0, 0], [1, 1, 1, 255]), ([0], [0]))
    dice = [(1 + 2 / 3) / 2, 0.5, 1.0]
    assert row.mean_dice == pytest.approx(np.mean(dice))
    assert row.median_dice == pytest.approx(dice[0])
    assert row.worst_tenth == pytest.approx(0.5)
    assert row.labels["top"] == LabelIou(2, 3 / 5)
    assert row.labels["bag|big"] == LabelIou(1, 1 / 2)
    assert row.labels["hat"].photos == 0
    assert np.isnan(row.labels["hat"].iou)
    assert row.mean_iou == pytest.approx(0.55)
    assert "mean IoU 0.5500 with v1 (so)" in row.in_words


def test_the_tables_have_each_label_before_and_after() -> None:
    before = measured(([0, 1], [1, 1]), ([0], [2]))
    after = measured(([1, 1], [1, 1]), ([0], [2]), corrections=60)
    lines = as_markdown([before, after]).splitlines()
    assert lines[0].endswith("| worst tenth | mean IoU | minutes | decision |")
    assert lines[2] == "| 0 | v1 | 0.3333 | 0.3333 | 0.0000 | 0.2500 | 2 | so |"
    assert lines[5:] == [
        "| label | photos | IoU after 0 | IoU after 60 | change |",
        "|---|--:|--:|--:|--:|",
        "| top | 1 | 0.5000 | 1.0000 | +0.5000 |",
        "| bag\\|big | 1 | 0.0000 | 0.0000 | +0.0000 |",
        "| hat | 0 | – | – | – |",
        "| mean |  | 0.2500 | 0.5000 | +0.2500 |",
    ]


def test_one_label_has_one_table() -> None:
    matrix = confusion(np.array([[1, 0]], np.uint8), np.array([[1, 1]], np.uint8), classes=2)
    row = row_of([matrix], ["garment"], corrections=0, model_version="v1", decision="so", minutes=0)
    assert as_markdown([row]).splitlines() == [
        "| corrections | model version | mean Dice | median | worst tenth | minutes | decision |",
        "|---|---|---|---|---|---|---|",
        "| 0 | v1 | 0.6667 | 0.6667 | 0.6667 | 0 | so |",
    ]
    assert "IoU" not in row.in_words


def test_a_map_gives_the_labels_and_what_is_in_none_is_background() -> None:
    opened = open_simulated("studio:2", ["shoes=auto", "legs=trousers,skirt", "top=auto"])
    assert opened.dataset.labels == ("shoes", "legs", "top")
    assert opened.starter_classes == {
        "shoes": ("shoes",),
        "legs": ("trousers", "skirt"),
        "top": match_labels(["top"])["top"].classes,
    }
    person = next(each for each in opened.dataset.samples if each.id == "scene1000001_Front")
    plain = open_simulated("studio:2", classes=STARTERS).dataset
    names = starter_classes()
    (before,) = (each.load()[1] for each in plain.samples if each.id == person.id)
    mask = person.load()[1]
    assert np.array_equal(mask == 1, before == names.index("shoes") + 1)
    hair = before == names.index("hair") + 1
    assert hair.any()
    assert not mask[hair].any()


def test_a_class_list_gives_its_labels_and_neither_gives_one() -> None:
    assert open_simulated("studio:1", classes=STARTERS).dataset.labels == starter_classes()
    opened = open_simulated("studio:1")
    assert (opened.dataset.labels, opened.starter_classes) == (("garment",), None)


def test_a_part_is_that_of_the_starters_split() -> None:
    whole = open_simulated("studio:40", classes=STARTERS).dataset.samples
    split = starter_recipe().split
    parts = split_by_garment(whole, (split.validation, split.test), seed=split.seed)
    found = open_simulated("studio:40", classes=STARTERS, part="test").dataset.samples
    assert [each.id for each in found] == [each.id for each in parts[1]]
    assert 0 < len(found) < len(whole)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"label_map": ["x=dress", "y=dress"]}, "class 'dress' is in both 'x' and 'y'"),
        ({"label_map": ["x=cape"]}, "asks for the class 'cape', which .* does not have"),
        ({"label_map": ["wobble=auto"]}, "label 'wobble' has no classes"),
        ({"label_map": ["x=dress"], "classes": "hemline-15"}, "leave one out"),
        ({"part": "train"}, "unknown part 'train'; choose from all, validation, test"),
    ],
)
def test_what_cannot_be_played_is_told_in_a_sentence(
    options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DatasetError, match=sentence):
        open_simulated("studio:1", **options)


def test_an_option_without_classes_is_told_as_connect_tells_it() -> None:
    with pytest.raises(LabelMappingError, match="--map 'dress' names no label and classes"):
        open_simulated("studio:1", ["dress"])
    with pytest.raises(LabelMappingError, match="names the label ' dress' twice"):
        open_simulated("studio:1", ["dress=auto", " dress=auto"])
