"""`hemline export` as a person types it."""

import json
from pathlib import Path
from typing import get_args

import cv2
import pytest
from typer.testing import CliRunner

from hemline.export.commands import app
from hemline.export.formats.registry import FormatName
from hemline.export.manifest import MANIFEST
from hemline.export.options import Edges, Format, Masks
from hemline.masks.cutouts.edges import Edge
from hemline.settings import get_settings
from hemline.store.reports.export_masks import MaskChoice
from hemline.store.tables.loop import Task
from tests.export.conftest import Shop, figure, read_png


@pytest.fixture(autouse=True)
def environment(settings_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


def test_the_choices_are_those_of_the_store() -> None:
    assert get_args(Format) == tuple(FormatName)
    assert get_args(Masks) == tuple(MaskChoice)
    assert get_args(Edges) == tuple(Edge)


def test_masks_are_written_and_counted(shop: Shop, corrected: list[Task], tmp_path: Path) -> None:
    words = ["export", "7", "--format", "masks", "--out", str(tmp_path / "out"), "--view", "Front"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "3 masks written" in result.output
    assert "0 masks written" in CliRunner().invoke(app, words).output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["9", "--format", "masks"], "project 9 is not known"),
        (["7", "--format", "masks", "--version", "3"], "applies only to predictions"),
        (["7", "--format", "masks", "--masks", "best", "--version", "99"], "unknown model '99'"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    shop: Shop, tmp_path: Path, words: list[str], told: str
) -> None:
    result = CliRunner().invoke(app, ["export", *words, "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert told in str(result.exception)


def test_an_export_with_failures_says_where_they_are_named(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    (shop.photos / "D1_Front.png").write_bytes(b"broken")
    words = ["export", "7", "--format", "cutouts", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "manifest.jsonl for the reasons" in str(result.exception)


@pytest.mark.parametrize("edge", list(Edge))
def test_each_edge_of_cutouts_is_written(
    shop: Shop, corrected: list[Task], tmp_path: Path, edge: str
) -> None:
    words = ["export", "7", "--format", "cutouts", "--edge", edge, "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, words).exit_code == 0
    alpha = read_png(tmp_path / "out" / "cutouts" / "D1_Front.png")[..., 3]
    mask = figure(1)[1] > 0
    assert ((alpha > 127) == mask).mean() > 0.97
    soft = ((alpha > 0) & (alpha < 255)).any()
    assert soft == (edge != Edge.HARD)


def test_a_folder_has_one_edge_and_other_formats_have_none(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    words = ["export", "7", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(app, [*words, "--format", "cutouts"]).exit_code == 0
    other = CliRunner().invoke(app, [*words, "--format", "cutouts", "--edge", "hard"])
    assert "another project, format, filter, edge or frame" in str(other.exception)
    masks = CliRunner().invoke(app, [*words, "--format", "masks", "--edge", "hard"])
    assert "edges, frames and channels apply only to cut-outs; the export is of masks" in str(
        masks.exception
    )


def test_cutouts_for_a_channel_pass_it_and_the_others_are_named(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["export", "7", "--format", "cutouts", "--for", "walmart", "--out", str(out)]
    assert CliRunner().invoke(app, words).exit_code == 0
    picture = cv2.imread(str(out / "cutouts" / "D1_Front.jpg"))
    assert picture is not None
    assert picture.shape[1] / picture.shape[0] == pytest.approx(0.75, abs=0.01)
    assert CliRunner().invoke(app, ["check", str(out), "--pack", "walmart"]).exit_code == 0
    words = ["export", "7", "--format", "cutouts", "--for", "amazon", "--out", str(out) + "2"]
    assert "3 masks could not be exported" in str(CliRunner().invoke(app, words).exception)
    assert "amazon refuses it: the picture is" in (tmp_path / "out2" / MANIFEST).read_text()


def test_a_picture_is_laid_back_over_its_photo_exactly(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    pack = tmp_path / "ours.toml"
    pack.write_text(
        'title = "Ours"\nversion = 1\n[canvas]\nfill = 0.8\naspect = [4, 5]\nfile = "png"\n'
        '[[rule]]\ncheck = "margin"\nleast = 0.01\nsource = "us"\ndate = "2026"\n'.replace(
            '"us"', '"ourselves"'
        )
    )
    out = tmp_path / "out"
    words = ["export", "7", "--format", "cutouts", "--edge", "hard", "--out", str(out)]
    assert CliRunner().invoke(app, [*words, "--for", str(pack)]).exit_code == 0
    picture = read_png(out / "cutouts" / "D1_Front.png")
    place = json.loads((out / "places" / "D1_Front.json").read_text())
    photo, mask = figure(1)
    left, top, width, height = place["box"]
    at = place["at"]
    assert place["photo"] == [72, 96]
    assert place["size"] == [width, height]
    back = picture[at[1] : at[1] + height, at[0] : at[0] + width, ::-1]
    there = photo[top : top + height, left : left + width]
    inside = mask[top : top + height, left : left + width] > 0
    assert (back[inside] == there[inside]).all()
    assert (back[~inside] == 255).all()
    assert inside.sum() == (mask > 0).sum()


def test_a_project_is_checked_as_an_export_would_write_it(
    shop: Shop, corrected: list[Task]
) -> None:
    good = CliRunner().invoke(app, ["check", "7", "--pack", "walmart"])
    assert good.exit_code == 0, good.output
    assert "3 of 3 pictures pass Walmart" in good.stdout
    bad = CliRunner().invoke(app, ["check", "7", "--pack", "amazon", "--json"])
    assert "3 of 3 pictures do not pass amazon" in str(bad.exception)
    pictures = json.loads(bad.stdout)["pictures"]
    assert [picture["picture"] for picture in pictures] == ["D1_Front", "D2_Front", "D3_Front"]
    for picture in pictures:
        assert (picture["passes"], picture["problem"]) == (False, None)
        sizes = [found["says"] for found in picture["findings"] if found["check"] == "size"]
        assert any("1000 to 10000 px" in says for says in sizes)
    edge = CliRunner().invoke(app, ["check", "7", "--pack", "walmart", "--edge", "hard"])
    assert edge.exit_code == 0, edge.output
    none = CliRunner().invoke(app, ["check", "9", "--pack", "amazon"])
    assert "project 9 is not known" in str(none.exception)


def test_cut_outs_are_laid_out_in_a_frame_of_ones_own(
    shop: Shop, corrected: list[Task], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["export", "7", "--format", "cutouts", "--edge", "hard", "--out", str(out)]
    frame = ["--aspect", "4:5", "--fill", "0.5", "--background", "#102030", "--file", "png"]
    result = CliRunner().invoke(app, [*words, *frame])
    assert result.exit_code == 0, result.output
    picture = read_png(out / "cutouts" / "D1_Front.png")
    assert picture.shape[1] / picture.shape[0] == pytest.approx(0.8, abs=0.01)
    assert picture[0, 0].tolist() == [0x30, 0x20, 0x10]
    place = json.loads((out / "places" / "D1_Front.json").read_text())
    assert max(place["size"][0] / picture.shape[1], place["size"][1] / picture.shape[0]) == (
        pytest.approx(0.5, abs=0.02)
    )
    assert "frame" in str(CliRunner().invoke(app, words).exception)  # another style, same folder
    again = CliRunner().invoke(app, [*words, *frame])
    assert "0 masks written" in again.stdout
    shaded = CliRunner().invoke(
        app, [*words[:-1], str(out) + "2", "--shadow", "0.5", "--long-side", "60"]
    )
    assert shaded.exit_code == 0, shaded.output
    shadowed = cv2.imread(str(tmp_path / "out2" / "cutouts" / "D1_Front.jpg"))
    assert shadowed is not None
    assert max(shadowed.shape) == 60


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--aspect", "4x5"], "--aspect '4x5' cannot be read; give it as 4:5"),
        (["--aspect", "0:5"], "key 'aspect.0', is 0.0"),
        (["--background", "white"], "--background 'white' cannot be read; give it as #ffffff"),
        (["--fill", "1.5"], "key 'fill', is 1.5"),
        (["--shadow", "nan"], "key 'shadow', is nan"),
        (["--long-side", "3"], "key 'most_long', is 3"),
        (["--fill", "0.5", "--for", "amazon"], "--for amazon brings its own frame"),
        (["--fill", "0.5", "--format", "coco"], "apply only to cut-outs"),
    ],
)
def test_a_frame_that_cannot_be_is_refused(
    shop: Shop, corrected: list[Task], tmp_path: Path, words: list[str], sentence: str
) -> None:
    base = ["export", "7", "--format", "cutouts", "--out", str(tmp_path / "out")]
    assert sentence in str(CliRunner().invoke(app, [*base, *words]).exception)
    assert not (tmp_path / "out").exists()
