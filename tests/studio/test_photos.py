"""Folders of drawn photos: complete, read back by the data set readers, with faults on record."""

import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from hemline.datasets.readers.pairs import read_pairs
from hemline.errors import DatasetError
from hemline.studio.commands import app
from hemline.studio.faults import FaultKind
from hemline.studio.figure.body import FigureKind
from hemline.studio.hard_cases import HardCase
from hemline.studio.photos import BACK_LEFT_OUT, write_photos
from hemline.studio.scene import draw_scene
from hemline.studio.wardrobe.wardrobe import GarmentType


def masks_of(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    stem = Path(name).stem
    return stored(folder / "masks" / f"{stem}.png"), stored(folder / "truth" / f"{stem}.png")


def stored(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, path
    return pixels


def test_a_folder_is_complete_and_its_manifest_true(tmp_path: Path) -> None:
    photos = list(write_photos(tmp_path, 6, seed=2, height=96, width=64, faults=0.5))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [entry["name"] for entry in manifest["photos"]] == [photo.name for photo in photos]
    assert len(photos) == 18
    assert 3 < sum(photo.fault is not None for photo in photos) < 15
    for entry in manifest["photos"]:
        label, truth = masks_of(tmp_path, entry["name"])
        assert label.shape == truth.shape == (96, 64)
        assert set(np.unique(truth)) == {0, 255}
        spoilt = entry["fault"] not in (None, FaultKind.BLENDED)
        assert np.array_equal(label, truth) != spoilt
        both = 2 * np.count_nonzero(label & truth)
        total = np.count_nonzero(label) + np.count_nonzero(truth)
        assert entry["dice"] == pytest.approx(both / total)


def test_the_pairs_reader_takes_the_folder(tmp_path: Path) -> None:
    list(write_photos(tmp_path, 1, height=96, width=64))
    samples = read_pairs(tmp_path).samples
    assert [(sample.garment, sample.view) for sample in samples] == [
        ("g0001", "Back"),
        ("g0001", "Front"),
        ("g0001", "FrontRight"),
    ]
    image, mask = samples[1].load()
    assert image.shape == (96, 64, 3)
    assert set(np.unique(mask)) == {0, 1}


def test_every_kind_of_fault_comes_before_one_comes_twice(tmp_path: Path) -> None:
    photos = list(write_photos(tmp_path, 3, height=64, width=43, faults=1.0))
    assert {photo.fault for photo in photos} == set(FaultKind)


def test_folders_of_other_seeds_show_other_garments(tmp_path: Path) -> None:
    for seed in (0, 1):
        list(write_photos(tmp_path / str(seed), 1, seed=seed, height=64, width=48))
    first, second = ((tmp_path / str(seed) / "truth/g0001_Front.png") for seed in (0, 1))
    assert first.read_bytes() != second.read_bytes()


def test_wrong_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"share of 1\.5"):
        next(write_photos(tmp_path, 1, faults=1.5))


def test_the_command_draws_and_says_so(tmp_path: Path) -> None:
    arguments = ["--garments", "2", "--size", "64x48", "--faults", "1"]
    result = CliRunner().invoke(app, [str(tmp_path / "set"), *arguments])
    assert result.exit_code == 0
    assert "6 photos of 2 garments" in result.output
    assert "6 with a planted fault" in result.output
    assert len(list((tmp_path / "set" / "images").iterdir())) == 6


def test_a_size_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path), "--size", "big"])
    assert isinstance(result.exception, DatasetError)
    assert "size 'big' is not HEIGHTxWIDTH" in str(result.exception)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match=r"cannot write to '.*/file' \(File exists\); choose"):
        CliRunner().invoke(app, [str(tmp_path / "file")], catch_exceptions=False)


def test_outfits_are_worn_by_people_in_turn_and_half_of_them_carry_a_bag(tmp_path: Path) -> None:
    wanted = [GarmentType.DRESS, GarmentType.COAT]
    photos = list(write_photos(tmp_path, 4, height=96, width=64, outfits=wanted))
    assert {photo.kind for photo in photos} == {FigureKind.PERSON}
    by_garment = {photo.garment: photo for photo in photos}
    assert [photo.garment_type for photo in by_garment.values()] == [*wanted, *wanted]
    for photo, bag in zip(by_garment.values(), (True, True, False, False), strict=True):
        scene = draw_scene(
            int(photo.garment[1:]),
            height=96,
            width=64,
            view=photo.view,
            kind=FigureKind.PERSON,
            garment_type=GarmentType(photo.garment_type),
            bag=bag,
        )
        assert np.array_equal(masks_of(tmp_path, photo.name)[1] > 0, scene.mask > 0)


def test_the_command_draws_outfits_and_names_what_it_cannot_draw(tmp_path: Path) -> None:
    size = ["--garments", "1", "--size", "96x64"]
    done = CliRunner().invoke(app, [str(tmp_path / "a"), *size, "--outfits", "Skirt, top"])
    assert done.exit_code == 0
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert {photo["garment_type"] for photo in manifest["photos"]} == {"skirt"}
    failed = CliRunner().invoke(app, [str(tmp_path / "b"), *size, "--outfits", "skirt,hat"])
    assert isinstance(failed.exception, DatasetError)
    assert "of the type 'hat' can be drawn; choose from top, dress" in str(failed.exception)
    assert not (tmp_path / "b").exists()


def test_hard_cases_come_in_turn_and_a_dipped_hem_is_left_out_of_faulty_labels(
    tmp_path: Path,
) -> None:
    cases = [HardCase.DIPPED_HEM, HardCase.LIKE_FIGURE]
    photos = list(write_photos(tmp_path, 4, seed=3, height=192, width=128, faults=1.0, cases=cases))
    assert [photo.case for photo in photos[::3]] == ["dipped_hem", "like_figure"] * 2
    assert {photo.kind for photo in photos} == {FigureKind.MANNEQUIN}
    left_out = [photo for photo in photos if photo.fault == BACK_LEFT_OUT]
    assert left_out
    for photo in left_out:
        assert photo.case == "dipped_hem"
        label, truth = masks_of(tmp_path, photo.name)
        assert (label <= truth).all()
        assert 0.6 < photo.dice < 1
    with pytest.raises(ValueError, match="one of the two"):
        next(write_photos(tmp_path, 1, outfits=[GarmentType.DRESS], cases=cases))


def test_the_command_draws_hard_cases_and_names_what_it_cannot(tmp_path: Path) -> None:
    run = partial(CliRunner().invoke, app)
    drawn = run([str(tmp_path), "--garments", "1", "--size", "96x64", "--cases", "busy_print"])
    assert drawn.exit_code == 0, drawn.output
    entries = json.loads((tmp_path / "manifest.json").read_text())["photos"]
    assert {entry["case"] for entry in entries} == {"busy_print"}
    unknown = run([str(tmp_path), "--cases", "torn"])
    assert "choose from dipped_hem, like_figure, busy_print" in str(unknown.exception)
    both = run([str(tmp_path), "--cases", "busy_print", "--outfits", "dress"])
    assert "give one of them" in str(both.exception)
