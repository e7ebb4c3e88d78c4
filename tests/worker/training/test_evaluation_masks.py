"""Of a judgement's masks those of the few photos that changed most are kept, both sides."""

from pathlib import Path

import numpy as np
import pytest

from hemline.masks.codecs.png import decode_class_mask
from hemline.segmentation.evaluation.evaluate import MeasuredPhoto
from hemline.segmentation.evaluation.paired_test import judge
from hemline.store.database.artifacts import ArtifactStore
from tests.segmentation.evaluation.figures import equal_figures
from worker.training.evaluation_masks import KEPT, JudgedMasks, with_masks


def measured(number: int, dice: float, value: int) -> MeasuredPhoto:
    figures = equal_figures(f"task-{number}", f"g{number}", dice)
    mask = np.full((4, 5), value, np.uint8)
    mask[0, 0] = number
    empty = np.zeros((4, 5), np.uint8)
    return MeasuredPhoto(figures, empty, empty, mask, np.zeros((2, 2), np.int64))


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "artifacts"))


def folder(path: Path, photos: list[MeasuredPhoto]) -> JudgedMasks:
    path.mkdir()
    masks = JudgedMasks(path)
    for one in (None, *photos):
        masks.add(one)
    return masks


def test_the_masks_of_those_that_changed_most_are_kept(
    tmp_path: Path, artifacts: ArtifactStore
) -> None:
    """50 photos: the first 20 got worse, the more the lower the number; 20 to 24 did not change."""
    changes = [0.01 * (number - 22) if not 20 <= number < 25 else 0.0 for number in range(50)]
    mine = [measured(number, 0.5 + change, 7) for number, change in enumerate(changes)]
    theirs = [measured(number, 0.5, 9) for number in range(50)]
    judgement = judge([x.figures for x in mine], [x.figures for x in theirs], level=0.05)
    figures = with_masks(
        judgement.figures, folder(tmp_path / "a", mine), folder(tmp_path / "b", theirs), artifacts
    )
    kept = {row["id"]: row for row in figures["items"] if "mask" in row}
    worst, best = range(KEPT), range(50 - KEPT, 50)
    assert set(kept) == {f"task-{number}" for number in (*worst, *best)}
    for name, row in kept.items():
        number = int(name.removeprefix("task-"))
        mask = decode_class_mask(artifacts.get(row["mask"]))
        champions = decode_class_mask(artifacts.get(row["champion_mask"]))
        assert (mask[0, 0], champions[0, 0]) == (number, number)
        assert (mask[1, 1], champions[1, 1]) == (7, 9)
    assert len(figures["items"]) == 50
    assert figures["p"] == judgement.figures["p"]
    assert len(list((tmp_path / "artifacts").rglob("*/*"))) == 4 * KEPT


def test_few_photos_are_not_kept_twice_and_what_did_not_change_is_not_kept(
    tmp_path: Path, artifacts: ArtifactStore
) -> None:
    mine = [measured(1, 0.9, 7), measured(2, 0.5, 7), measured(3, 0.1, 7)]
    theirs = [measured(number, 0.5, 9) for number in (1, 2, 3)]
    judgement = judge([x.figures for x in mine], [x.figures for x in theirs], level=0.05)
    figures = with_masks(
        judgement.figures, folder(tmp_path / "a", mine), folder(tmp_path / "b", theirs), artifacts
    )
    assert [row["id"] for row in figures["items"] if "mask" in row] == ["task-1", "task-3"]


def test_a_gold_split_that_is_empty_keeps_nothing(tmp_path: Path, artifacts: ArtifactStore) -> None:
    judgement = judge([], [], level=0.05)
    masks = folder(tmp_path / "a", [])
    assert with_masks(judgement.figures, masks, masks, artifacts) == {
        **judgement.figures,
        "items": [],
    }
