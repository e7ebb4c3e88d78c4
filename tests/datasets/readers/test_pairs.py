"""Image-mask pairs and cut-outs."""

import numpy as np
import pytest
from PIL import Image

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import class_table
from hemline.datasets.readers.pairs import read_cutouts, read_pairs
from hemline.errors import DatasetError, HemlineError
from tests.datasets.files import stripes, write_mask, write_photo

HEIGHT, WIDTH = 20, 30
MASK = stripes(HEIGHT, WIDTH, 4)


@pytest.fixture
def folder(tmp_path):
    for name in ("coat_Front", "coat_Back", "7"):
        write_photo(tmp_path / "images" / f"{name}.jpg", HEIGHT, WIDTH)
        write_mask(tmp_path / "masks" / f"{name}.png", MASK)
    return tmp_path


def test_any_value_but_0_is_garment(folder):
    data = read_pairs(folder)
    assert data.labels == ("garment",)
    assert {(sample.garment, sample.view) for sample in data.samples} == {
        *(("coat", "Front"), ("coat", "Back"), ("7", ""))
    }
    image, mask = data.samples[0].load()
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert (mask == (MASK > 0)).all()


def kinds_of_masks():
    """PNGs of every kind, each with the garment where MASK is not 0."""
    garment = (MASK > 0).astype(np.uint8)
    black = Image.fromarray(garment, "P")  # index 1 is as black as 0, as some tools write it
    black.putpalette([0] * 768)
    full = np.full_like(garment, 255)
    return {
        "bits": Image.fromarray(garment > 0),
        "palette": black,
        "16 bits": Image.fromarray(garment.astype(np.uint16)),
        "coloured": Image.fromarray(np.dstack([garment * 0, garment * 0, garment])),
        "opaque": Image.fromarray(np.dstack([garment * 255] * 3 + [full])),
        "alpha": Image.fromarray(np.dstack([full] * 3 + [garment * 255])),
        "grey and alpha": Image.fromarray(np.dstack([full, garment * 255])),
    }


@pytest.mark.parametrize("kind", sorted(kinds_of_masks()))
def test_every_kind_of_png_is_a_mask(folder, kind):
    kinds_of_masks()[kind].save(folder / "masks" / "7.png")
    mask = read_pairs(folder).samples[0].load()[1]
    assert (mask == (MASK > 0)).all()


@pytest.mark.parametrize("palette", [False, True])
def test_with_labels_the_values_are_class_ids(folder, palette):
    (folder / "labels.txt").write_text("coat\nhat\n\nleft shoe\n")
    write_mask(folder / "masks" / "7.png", MASK, palette=palette)
    data = read_pairs(folder)
    assert data.labels == ("coat", "hat", "left shoe")
    assert (data.samples[0].load()[1] == MASK).all()
    joined = read_pairs(folder, class_table({"head": ["hat"], "rest": ["coat"]}))
    assert (joined.samples[0].load()[1] == np.array([0, 2, 1, 0])[MASK]).all()


def test_255_is_void_beside_several_classes_and_garment_without_any(folder):
    void = np.where(np.arange(WIDTH) < 9, np.uint8(255), MASK)
    write_mask(folder / "masks" / "7.png", void)
    assert (read_pairs(folder).samples[0].load()[1] == (void > 0)).all()
    (folder / "labels.txt").write_text("coat\nhat\nshoe\n")
    assert (read_pairs(folder).samples[0].load()[1] == void).all()
    joined = read_pairs(folder, class_table({"worn": ["hat", "coat"]})).samples[0].load()[1]
    assert (joined == np.array([0, 1, 1, 0, *[255] * 252])[void]).all()
    (folder / "labels.txt").write_text("coat\n")  # of one class, 255 may be that class or void
    write_mask(folder / "masks" / "7.png", np.where(MASK > 0, np.uint8(255), MASK))
    with pytest.raises(DatasetError, match="class id 255, but the data's classes end at 1"):
        read_pairs(folder).samples[0].load()


def test_labels_that_are_not_sound(folder):
    (folder / "labels.txt").write_text("coat\ncoat\n")
    with pytest.raises(DatasetError, match="must name each class once"):
        read_pairs(folder)
    (folder / "labels.txt").write_text("".join(f"{k}\n" for k in range(255)))
    with pytest.raises(DatasetError, match="names 255 classes; an 8-bit mask holds at most 254"):
        read_pairs(folder, class_table({"a": ["7"]}))
    (folder / "labels.txt").write_bytes(b"coat\x81\n")
    with pytest.raises(DatasetError, match=r"labels.txt.*save it as UTF-8"):
        read_pairs(folder)
    (folder / "labels.txt").write_text("coat\nhat\n")
    with pytest.raises(DatasetError, match="class id 3, but the data's classes end at 2"):
        read_pairs(folder).samples[0].load()
    with pytest.raises(DatasetError, match="'garment', which the pairs data does not have"):
        read_pairs(folder, class_map())


def test_what_is_missing_or_broken(folder):
    write_photo(folder / "images" / "alone.jpg", HEIGHT, WIDTH)
    write_mask(folder / "masks" / "coat_Back.png", MASK[:-1])
    (folder / "masks" / "coat_Front.png").write_bytes(b"torn")
    (folder / "images" / "7.jpg").write_bytes(b"torn")
    data = read_pairs(folder)
    assert [item.id for item in data.skipped] == ["alone"]
    for sample in data.samples:
        with pytest.raises(HemlineError, match=r"7.jpg|coat_Back.png|coat_Front.png"):
            sample.load()


def test_two_photos_of_one_name_do_not_share_a_mask(folder):
    write_photo(folder / "images" / "7.png", HEIGHT, WIDTH)
    data = read_pairs(folder)
    assert [sample.id for sample in data.samples] == ["7", "coat_Back", "coat_Front"]
    (skipped,) = data.skipped
    assert skipped.id == "7.png"
    assert "7.png' and" in skipped.problem
    assert "share one mask; rename or remove one" in skipped.problem


def test_masks_of_another_format_are_named_as_such(folder):
    (folder / "masks" / "coat_Back.png").rename(folder / "masks" / "coat_Back.PSD")
    (skipped,) = read_pairs(folder).skipped
    assert skipped.id == "coat_Back"
    assert "coat_Back.PSD' is not in a supported format; save it as PNG" in skipped.problem
    for path in (folder / "masks").glob("*.png"):
        path.rename(path.with_suffix(".psd"))
    with pytest.raises(DatasetError, match=r"7.psd' is not in a supported format"):
        read_pairs(folder)


def test_cut_outs(tmp_path):
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[5:15, 5:15], alpha[5:15, 15:20], alpha[5:15, 20:25] = 255, 128, 127
    write_photo(tmp_path / "original" / "a.jpg", HEIGHT, WIDTH)
    write_photo(tmp_path / "original" / "b.jpg", HEIGHT, WIDTH)
    cutouts = tmp_path / "cutout"
    cutouts.mkdir()
    colour = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(np.dstack([colour, alpha])).save(cutouts / "a.png")
    Image.fromarray(colour).save(cutouts / "b.png")
    a, b = read_cutouts(tmp_path).samples
    assert (a.load()[1] == (alpha > 127)).all()
    with pytest.raises(DatasetError, match="no alpha channel"):
        b.load()
    with pytest.raises(DatasetError, match="'hat', which the cutouts data does not have"):
        read_cutouts(tmp_path, class_map("atr-18"))


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(DatasetError, match="has no folder images or original"):
        read_pairs(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    with pytest.raises(DatasetError, match="has a mask of the same name"):
        read_pairs(tmp_path)
