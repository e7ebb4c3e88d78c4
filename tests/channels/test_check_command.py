"""`hemline check` as a person types it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hemline.errors import ChannelError
from hemline.export.commands import app
from tests.channels.pictures import Drawn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "good.png").write_bytes(Drawn(1700, 1700, (500, 100, 700, 1500)).cutout())
    (pictures / "small.png").write_bytes(Drawn(900, 900, (100, 50, 500, 800)).cutout())
    (pictures / "broken.png").write_bytes(b"no picture")
    return pictures


def check(*words: object) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, words)])


def test_each_picture_passes_or_says_why_not(folder: Path) -> None:
    result = check(folder, "--pack", "amazon")
    assert str(result.exception) == "2 of 3 pictures do not pass amazon"
    assert f"passes  {folder}/good.png" in result.stdout
    assert "failed: the picture is 900 x 900 px" in result.stdout
    assert "image 'broken.png'" in result.stdout
    assert "Not checked: a visible mannequin is not allowed." in result.stdout
    assert check(folder / "good.png", "--pack", "amazon").exit_code == 0


def test_json_holds_every_finding(folder: Path) -> None:
    result = check(folder, "--pack", "amazon", "--json")
    said = json.loads(result.stdout)
    assert (said["pack"], said["passed"], said["failed"]) == ("amazon", 1, 2)
    names = {Path(picture["picture"]).name: picture for picture in said["pictures"]}
    assert names["good.png"]["passes"]
    failed = [f["check"] for f in names["small.png"]["findings"] if f["outcome"] == "failed"]
    assert failed == ["size"]
    assert names["broken.png"]["problem"]
    assert all(f["source"] for f in names["good.png"]["findings"])


def test_masks_say_where_the_garment_is(tmp_path: Path, folder: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    drawn = Drawn(1700, 1700, (500, 100, 700, 1500))
    (folder / "good.png").write_bytes(drawn.flat())
    cv2.imwrite(str(masks / "good.png"), drawn.inside.astype(np.uint8) * 255)
    result = check(folder, "--pack", "amazon", "--masks", masks)
    assert f"passes  {folder}/good.png" in result.stdout
    assert "small.png' has no mask in" in result.stdout


@pytest.mark.parametrize("words", [["--pack", "asos"], ["--pack", "amazon", "--masks", "nowhere"]])
def test_what_cannot_be_is_one_sentence(folder: Path, words: list[str]) -> None:
    assert isinstance(check(folder, *words).exception, ChannelError)


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    assert "has no pictures" in str(check(tmp_path, "--pack", "amazon").exception)
    assert "is neither a file" in str(check(tmp_path / "x", "--pack", "amazon").exception)
