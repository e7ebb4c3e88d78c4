"""KIND:PATH on the command line."""

import re
from pathlib import Path

import pytest

from hemline.datasets.classes.class_lists import CLASS_LISTS, class_map
from hemline.datasets.sample import Dataset, Skipped
from hemline.datasets.sources import READERS, join, open_data
from hemline.errors import DatasetError
from tests.datasets.files import stripes, write_mask, write_photo

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "datasets.md"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ccp", "is not KIND:PATH, where KIND is one of atr, ccp"),
        ("nonsense:x", "is not KIND:PATH"),
        ("ccp:", "is not KIND:PATH"),
        ("studio:many", "write studio:200"),
        ("studio:0", "write studio:200"),
        ("ccp:/no/such/folder", "'/no/such/folder' is not a folder"),
    ],
)
def test_data_that_is_not_there(source, message):
    with pytest.raises(DatasetError, match=message):
        open_data(source)


@pytest.mark.parametrize("kind", sorted(set(READERS) - {"studio"}))
def test_an_empty_folder_is_refused_in_a_sentence(kind, tmp_path):
    with pytest.raises(DatasetError, match=re.escape(str(tmp_path))):
        open_data(f"{kind}:{tmp_path}")


def test_a_file_where_a_folder_is_needed(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(DatasetError, match="is not a folder"):
        open_data(f"ccp:{path}")


def test_drawn_scenes():
    data = open_data("studio:2")
    assert len(data.samples) == 6
    image, mask = data.samples[0].load()
    assert image.shape[:2] == mask.shape
    assert set(mask.ravel()) == {0, 1}
    with pytest.raises(DatasetError, match="'bag', which the studio data does not have"):
        open_data("studio:2", class_map("modanet-13"))


def test_join_keeps_what_was_skipped_and_refuses_other_labels(tmp_path):
    write_photo(tmp_path / "images" / "a.jpg", 8, 8)
    write_photo(tmp_path / "images" / "b.jpg", 8, 8)
    write_mask(tmp_path / "masks" / "a.png", stripes(8, 8, 2))
    pairs = open_data(f"pairs:{tmp_path}")
    both = join([pairs, open_data("studio:1")])
    assert [sample.source for sample in both.samples] == ["pairs", *["studio"] * 3]
    assert [item.id for item in both.skipped] == ["b"]
    other = Dataset((), ("hat",), (Skipped("x", "y"),))
    with pytest.raises(DatasetError, match=r"\['hat'\] cannot be trained together with"):
        join([pairs, other])


def test_the_guide_has_each_kind_and_each_class_list():
    text = GUIDE.read_text(encoding="utf-8")
    assert [kind for kind in READERS if f"`{kind}:" not in text] == []
    assert [name for name in CLASS_LISTS if f"`{name}`" not in text] == []
