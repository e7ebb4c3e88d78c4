"""Types of garments: from the table beside the photos, and from the scenes that know theirs."""

import pytest

from hemline.datasets.garment_types import read_garment_types
from hemline.datasets.readers.pairs import read_cutouts, read_pairs
from hemline.datasets.readers.scenes import FIRST_SEED, read_scenes
from hemline.errors import DatasetError
from hemline.studio.scene import draw_scene
from tests.datasets.files import stripes, write_mask, write_photo


@pytest.fixture
def folder(tmp_path):
    for name in ("coat_Front", "coat_Back", "7"):
        write_photo(tmp_path / "images" / f"{name}.jpg", 20, 30)
        write_mask(tmp_path / "masks" / f"{name}.png", stripes(20, 30, 4))
        write_photo(tmp_path / "cutouts" / f"{name}.png", 20, 30)
    return tmp_path


@pytest.mark.parametrize("read", [read_pairs, read_cutouts])
def test_a_garments_type_holds_for_its_views_and_a_photos_for_itself(folder, read):
    assert {sample.garment_type for sample in read(folder).samples} == {""}
    table = "id,note,type\ncoat,warm,coat \ncoat_Back,,back of a coat\nother,,dress\n"
    (folder / "types.csv").write_text(table, encoding="utf-8-sig")
    assert {sample.id: sample.garment_type for sample in read(folder).samples} == {
        "coat_Front": "coat",
        "coat_Back": "back of a coat",
        "7": "",
    }


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"id,kind\n1,coat\n", r"types\.csv' has no column 'type'; its first line must be id,type"),
        (b"", "has no column 'id'"),
        (b"id,type\n1,coat\n1,dress\n", "calls '1' both coat and dress"),
        (b"id,type\n1,\x81\n", "cannot be read .* save it as UTF-8"),
    ],
)
def test_a_table_that_is_none_is_named(tmp_path, table, said):
    (tmp_path / "types.csv").write_bytes(table)
    with pytest.raises(DatasetError, match=said):
        read_garment_types(tmp_path)


def test_a_row_that_is_short_names_nothing(tmp_path):
    (tmp_path / "types.csv").write_text("id,type\n1\n\n2,coat\n2,coat\n")
    assert read_garment_types(tmp_path) == {"2": "coat"}


def test_scenes_know_the_type_they_draw():
    samples = read_scenes(6).samples
    for sample in samples[:: len(samples) // 6]:
        drawn = draw_scene(
            int(sample.garment.removeprefix("scene")), view=sample.view, height=48, width=32
        )
        assert drawn.garment_type is not None
        assert sample.garment_type == drawn.garment_type.value
    assert samples[0].garment == f"scene{FIRST_SEED}"
