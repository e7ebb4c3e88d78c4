"""A plain folder in order of risk; whatever is broken gets a sentence and never the top."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from hemline.datasets.mask_file import read_mask
from hemline.errors import DatasetError, MaskError
from hemline.segmentation.predictor import Predictor
from tests.active_learning.garments import draw
from tests.worker.folders.conftest import KnowingPredictor
from worker.commands.rank import _print_table, app
from worker.folders.pairs import find_pairs
from worker.folders.rank import RankedPair, rank_folder

REASONS = {"bad_ground_truth", "low_contrast", "limited_data", "too_complicated"}


@dataclass
class Folders:
    images: Path
    masks: Path
    predictor: KnowingPredictor

    def add(self, name, mask=None, seed=None, *, photo=True, of=255):
        """A photo with the given mask, by default its own."""
        image, truth = draw(len(name) * 7 + sum(name.encode()) if seed is None else seed)
        self.predictor.truths[image.tobytes()] = truth
        if photo:
            Image.fromarray(image).save(self.images / f"{name}.png")
        drawn = truth if mask is None else mask(truth)
        Image.fromarray((drawn * of).astype(np.uint8)).save(self.masks / f"{name}.png")
        return truth

    def rank(self):
        return rank_folder(find_pairs(self.images, self.masks), cast(Predictor, self.predictor))


@pytest.fixture
def folders(tmp_path, predictor):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    return Folders(tmp_path / "images", tmp_path / "masks", predictor)


def _cut(mask):
    cut = mask.copy()
    cut[int(np.nonzero(mask)[0].max()) - 30 :] = 0
    return cut


def _grown(mask):
    wide = mask.copy()
    cv2.ellipse(wide, (95, 120), (22, 16), 30, 0, 360, 1, cv2.FILLED)
    return wide


def test_wrong_labels_come_first_with_the_reason_and_where(folders):
    for k in range(8):
        folders.add(f"good{k}")
    folders.add("hem", _cut)
    folders.add("extra", _grown)
    ranked = folders.rank()
    assert {item.id for item in ranked[:2]} == {"hem", "extra"}
    assert all(0 <= item.risk <= 1 for item in ranked)
    assert [item.risk for item in ranked] == sorted((i.risk for i in ranked), reverse=True)
    for item in ranked[:2]:
        shown = json.loads(json.dumps(item.as_json()))
        assert {reason["reason"] for reason in shown["reasons"]} <= REASONS
        bad = next(r for r in shown["reasons"] if r["reason"] == "bad_ground_truth")
        assert bad["percentile"] > 80
        assert bad["evidence"]
        points = np.array(bad["region"]["points"])
        assert len(points) > 2
        assert (points >= -1).all()
        assert (points <= [121, 181]).all()


def test_the_odd_view_of_a_garment_says_so(folders):
    for k in range(4):
        for view in ("Front", "Back", "Side"):
            folders.add(f"dress{k}_{view}", seed=k)
    before = {item.id: item.risk for item in folders.rank()}

    def short(truth):
        top = np.nonzero(truth)[0].min()
        return np.where(np.arange(len(truth))[:, None] < top + 30, truth, 0)

    folders.add("dress1_Side", short, seed=1)
    ranked = folders.rank()
    assert ranked[0].id == "dress1_Side"
    assert ranked[0].risk > before["dress1_Side"]
    assert "the garment's other views" in ranked[0].evidence[0].sentence


def test_whatever_is_broken_gets_a_sentence_and_comes_last(folders):
    folders.add("good")
    folders.add("small")
    Image.fromarray(np.ones((5, 5), np.uint8)).save(folders.masks / "small.png")
    folders.add("unreadable")
    (folders.images / "unreadable.png").write_bytes(b"no photo")
    folders.add("noise")
    (folders.masks / "noise.png").write_bytes(b"no mask")
    folders.add("alone")
    (folders.masks / "alone.png").unlink()
    folders.add("coloured")
    Image.fromarray(draw(1)[0]).save(folders.masks / "coloured.png")
    folders.add("orphan", photo=False)
    ranked = folders.rank()
    assert ranked[0].id == "good"
    said = {item.id: item.problem for item in ranked[1:]}
    assert all(item.risk is None for item in ranked[1:])
    assert "make the two the same size" in said["small"]
    assert "not a photo" in said["unreadable"]
    assert "cannot be read" in said["noise"]
    assert "has no mask" in said["alone"]
    assert "has no photo" in said["orphan"]
    assert "say which is garment with --garment-is light" in said["coloured"]


def test_an_empty_mask_and_a_full_one_say_so(folders):
    folders.add("empty", np.zeros_like)
    folders.add("full", np.ones_like)
    ranked = {item.id: item for item in folders.rank()}
    for name, words in (
        ("empty", "the mask is empty, but the model sees"),
        ("full", "whole photo"),
    ):
        assert ranked[name].risk > 0.5
        assert words in ranked[name].evidence[0].sentence
    assert ranked["empty"].evidence[0].region is not None
    assert ranked["full"].evidence[0].region.points == [[0, 0], [120, 0], [120, 180], [0, 180]]


def test_an_inverted_mask_is_no_right_one_for_its_perfect_outline(folders):
    for k in range(3):
        folders.add(f"good{k}")
    folders.add("inverted", lambda truth: 1 - truth)
    folders.add("noise", lambda truth: np.random.default_rng(0).integers(0, 2, truth.shape))
    ranked = folders.rank()
    assert ranked[0].id == "inverted"
    assert ranked[0].risk > 0.6
    assert ranked[0].evidence[0].reason.value == "bad_ground_truth"
    assert all(item.risk < 0.3 for item in ranked if item.id.startswith("good"))


def test_two_photos_of_one_name_are_not_judged_by_one_mask(folders):
    folders.add("coat")
    Image.new("RGB", (120, 180)).save(folders.images / "coat.tif")
    first, second = folders.rank()
    assert (first.id, first.problem) == ("coat", "")
    assert (second.id, second.risk) == ("coat.tif", None)
    assert "share one mask" in second.problem


def test_nan_probabilities_leave_the_photo_to_judge_by(folders):
    folders.predictor.broken = True
    for k in range(3):
        folders.add(f"good{k}")
    folders.add("cut", _cut)
    folders.add("empty", np.zeros_like)
    ranked = {item.id: item for item in folders.rank()}
    assert ranked["cut"].risk > max(ranked[f"good{k}"].risk for k in range(3))
    assert all("judged without the model" in item.problem for item in ranked.values())
    said = ranked["empty"].evidence[0].sentence
    assert said == "the mask is empty, and there is no prediction to compare it with"
    assert ranked["good0"].risk < ranked["empty"].risk < 0.9


def test_one_image_alone_is_ranked(folders):
    folders.add("only")
    (only,) = folders.rank()
    assert 0 <= only.risk < 0.5
    assert only.as_json()["problem"] is None


def test_one_mask_for_every_photo_is_defined(folders):
    shape = draw(0)[1]
    for k in range(4):
        folders.add(f"same{k}", lambda truth: shape)
    assert all(0 <= item.risk <= 1 for item in folders.rank())


def test_what_nobody_labelled_speaks_neither_for_nor_against_a_label(folders):
    for k in range(4):
        folders.add(f"good{k}")
    folders.add("whole", seed=5)
    folders.add("cut", _cut, seed=5)
    folders.add("open", lambda truth: np.where(_cut(truth) < truth, 255, truth), seed=5, of=1)
    ranked = {item.id: item for item in folders.rank()}
    assert ranked["cut"].risk > 0.5
    assert ranked["open"].risk == pytest.approx(ranked["whole"].risk, abs=0.05)
    assert ranked["open"].evidence == ranked["whole"].evidence == []


def test_class_ids_that_no_model_knows_are_garment(folders):
    folders.add("odd", of=7)
    (only,) = folders.rank()
    assert only.risk < 0.5


@pytest.mark.parametrize(
    ("pixels", "mode", "expected"),
    [
        ([[0, 255, 128, 127]], "L", [[0, 1, 1, 0]]),
        ([[0, 1, 2, 18]], "L", [[0, 1, 2, 18]]),
        ([[0, 1, 2, 200]], "P", [[0, 1, 2, 200]]),
        ([[0, 255]], "1", [[0, 1]]),
        ([[0, 1, 255]], "L", [[0, 1, 255]]),
        ([[0, 1, 255]], "P", [[0, 1, 255]]),
        ([[1, 18, 255]], "RGB", [[1, 18, 255]]),
        ([[0, 3, 255]], "I;16", [[0, 3, 255]]),
        ([[0, 255]], "P", [[0, 1]]),
        ([[0, 90, 255]], "L", [[0, 0, 1]]),
        ([[0, 65535]], "I;16", [[0, 1]]),
        ([[0, 3]], "I;16", [[0, 3]]),
    ],
)
def test_masks_of_each_kind(tmp_path, pixels, mode, expected):
    array = np.array(pixels, np.uint16 if mode == "I;16" else np.uint8)
    image = Image.fromarray(array)
    if mode == "P":
        image.putpalette([0, 0, 0] * 256)
    image = image.convert(mode) if mode in ("1", "RGB") else image
    image.save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == expected


def test_photos_and_masks_may_share_a_folder(tmp_path):
    for name in ("coat.jpg", "coat_mask.png", "hat_mask.png"):
        Image.new("L", (4, 4)).save(tmp_path / name)
    found = [
        (p.id, p.photo and p.photo.name, p.mask and p.mask.name)
        for p in find_pairs(tmp_path, tmp_path)
    ]
    assert found == [("coat", "coat.jpg", "coat_mask.png"), ("hat_mask", None, "hat_mask.png")]


def test_alpha_is_the_mask_of_a_cut_out(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, :, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[1, 1], [0, 0]]
    with pytest.raises(MaskError, match="cannot be read"):
        read_mask(tmp_path / "none.png")


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_opaque_picture_is_no_mask_of_the_whole_photo(tmp_path, mode):
    mask = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8))
    mask.convert(mode).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[0, 1], [1, 0]]


def test_folders_that_cannot_be_are_refused(tmp_path, folders):
    with pytest.raises(DatasetError, match="is not a folder"):
        find_pairs(tmp_path / "none", folders.masks)
    with pytest.raises(DatasetError, match="has no photos"):
        find_pairs(folders.images, folders.masks)


def test_two_masks_of_one_name_are_that_photos_problem_alone(folders):
    for name in ("one", "other", "orphan"):
        folders.add(name, photo=name != "orphan")
    for name in ("one", "orphan"):
        (folders.masks / f"{name}.tif").write_bytes((folders.masks / f"{name}.png").read_bytes())
    good, *rest = folders.rank()
    assert (good.id, good.problem) == ("other", "")
    assert {item.id: item.risk for item in rest} == {"one": None, "orphan": None}
    assert rest[0].problem == "'one.png' and 'one.tif' are two masks with the same name; remove one"
    assert "two masks with the same name" in rest[1].problem


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--items", "3"], "--items applies to a project's order; leave it out for folders"),
        (
            ["--kind", "label", "--batch-minutes", "9"],
            "--kind and --batch-minutes apply to a project's order",
        ),
    ],
)
def test_what_only_projects_have_is_refused_for_folders(folders, options, said):
    folders.add("good")
    command = ["rank", "--images", str(folders.images), "--masks", str(folders.masks), *options]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, DatasetError)
    assert said in str(result.exception)


def test_what_is_passed_over_is_named(folders, monkeypatch):
    folders.add("good")
    for name in ("archive", "notes.txt", ".hidden"):
        (folders.images / name).mkdir()
    inside = folders.images / "masks"
    inside.mkdir()
    (folders.masks / "good.png").rename(inside / "good.png")
    monkeypatch.setattr(
        "hemline.segmentation.predictor.Predictor", lambda path, device: folders.predictor
    )
    command = ["rank", "--images", str(folders.images), "--masks", str(inside), "--json"]
    result = CliRunner().invoke(app, command)
    assert "skipped 2 entries" in result.stderr
    assert "'archive', 'notes.txt'" in result.stderr
    assert len(result.stdout.splitlines()) == 1
    for name in ("archive", "notes.txt"):
        (folders.images / name).rmdir()
    assert "skipped" not in CliRunner().invoke(app, command).stderr


def test_the_command_prints_a_line_each(folders, monkeypatch):
    folders.add("good")
    folders.add("cut", _cut)
    monkeypatch.setattr(
        "hemline.segmentation.predictor.Predictor", lambda path, device: folders.predictor
    )
    command = ["--images", str(folders.images), "--masks", str(folders.masks)]
    result = CliRunner().invoke(app, ["rank", *command, "--json"])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["id"] for line in lines] == ["cut", "good"]
    assert set(lines[0]) == {"id", "label_risk", "reasons", "checks", "problem"}
    few = next(check for check in lines[0]["checks"] if check["check"] == "low_resolution")
    assert few["number"] < 320
    assert len(few["box"]) == 4
    table = CliRunner().invoke(app, ["rank", *command])
    assert "cut" in table.stdout


def test_the_command_fails_where_nothing_can_be_judged(folders, monkeypatch):
    folders.add("good")
    (folders.masks / "good.png").write_bytes(b"no picture")
    monkeypatch.setattr(
        "hemline.segmentation.predictor.Predictor", lambda path, device: folders.predictor
    )
    command = ["rank", "--images", str(folders.images), "--masks", str(folders.masks), "--json"]
    result = CliRunner().invoke(app, command)
    assert json.loads(result.stdout.splitlines()[0])["problem"]
    assert result.exit_code == 1
    assert "none of the 1 photos" in str(result.exception)


def test_a_name_in_brackets_is_no_markup(capsys):
    _print_table([RankedPair("[red]coat", None, [], "mask '[b]' cannot be read; save it as PNG")])
    shown = capsys.readouterr().out
    assert "[red]coat" in shown
    assert "'[b]'" in shown
