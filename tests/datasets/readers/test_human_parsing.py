"""LIP and CIHP as their archives unpack, and the flip that swaps left and right."""

import numpy as np
import pytest

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.vocabularies import CIHP, LIP
from hemline.datasets.readers.class_masks import read_class_mask
from hemline.datasets.readers.human_parsing import read_cihp, read_lip
from hemline.datasets.sample import swap_pairs
from hemline.errors import DatasetError
from tests.datasets.files import stripes, write_mask, write_photo

HEIGHT, WIDTH = 20, 40
MASK = stripes(HEIGHT, WIDTH, 20)
LIP_ROOTS = ("", "TrainVal_images/", "TrainVal_images/TrainVal_images/")


def write_pair(photos, masks, name, mask=MASK):
    write_photo(photos / f"{name}.jpg", HEIGHT, WIDTH)
    write_mask(masks / f"{name}.png", mask)


@pytest.mark.parametrize("root", LIP_ROOTS)
def test_lip_as_its_archives_unpack(tmp_path, root):
    annotations = root.replace("TrainVal_images", "TrainVal_parsing_annotations")
    for part in ("train", "val"):
        photos = tmp_path / root / f"{part}_images"
        write_pair(photos, tmp_path / annotations / f"{part}_segmentations", f"{part}_1")
    data = read_lip(tmp_path, class_map("lip-20"))
    assert [sample.id for sample in data.samples] == ["train_1", "val_1"]
    assert data.labels == LIP
    assert swap_pairs(data.labels) == ((14, 15), (16, 17), (18, 19))
    assert (data.samples[0].load()[1] == MASK).all()


def test_cihp_as_its_archive_unpacks_with_the_flipped_masks_passed_over(tmp_path):
    for part in ("Training", "Validation"):
        folder = tmp_path / "instance-level_human_parsing" / part
        write_pair(folder / "Images", folder / "Category_ids", f"{part}_1")
        write_mask(folder / "Category_rev_ids" / f"{part}_1.png", MASK[:, ::-1])
    data = read_cihp(tmp_path, class_map("cihp-20"))
    assert [sample.id for sample in data.samples] == ["Training_1", "Validation_1"]
    assert data.labels == CIHP
    assert all((sample.load()[1] == MASK).all() for sample in data.samples)


def test_garment_is_clothing_and_not_the_body(tmp_path):
    write_pair(tmp_path / "images", tmp_path / "labels", "a")
    clothing = {1, 3, 5, 6, 7, 8, 9, 11, 12, 18, 19}
    mask = read_cihp(tmp_path).samples[0].load()[1]
    assert {int(k) for k in np.unique(MASK[mask == 1])} == clothing


def test_what_does_not_fit(tmp_path):
    photos, masks = tmp_path / "images", tmp_path / "labels"
    write_pair(photos, masks, "good")
    write_pair(photos, masks, "size", MASK[:, 1:])
    write_pair(photos, masks, "id", MASK + 1)
    write_photo(photos / "alone.jpg", HEIGHT, WIDTH)
    data = read_cihp(tmp_path)
    assert [item.id for item in data.skipped] == ["alone"]
    by_id = {sample.id: sample for sample in data.samples}
    by_id["good"].load()
    with pytest.raises(
        DatasetError, match=r"size.png' is 39 x 20 px but '.*size.jpg' is 40 x 20 px"
    ):
        by_id["size"].load()
    with pytest.raises(DatasetError, match="class id 20, but the data's classes end at 19"):
        by_id["id"].load()


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(DatasetError, match="no train_images/ with train_segmentations/ or"):
        read_lip(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    with pytest.raises(DatasetError, match=r"no photo NAME.jpg in"):
        read_cihp(tmp_path)


@pytest.mark.shared
def test_a_flip_with_swapped_ids_is_what_cihp_ships_for_flipped_photos(shared_data):
    folder = shared_data / "samples" / "cihp"
    data = read_cihp(folder, class_map("cihp-20"))
    assert len(data.samples) == 5
    table = np.arange(256)
    for left, right in swap_pairs(data.labels):
        table[[left, right]] = table[[right, left]]
    for sample in data.samples:
        theirs = read_class_mask(folder / "labels_rev" / f"{sample.id}.png")
        assert (table[sample.load()[1]][:, ::-1] == theirs).all()


def test_photos_of_any_ending_and_names_as_other_systems_write_them(tmp_path):
    photos, masks = tmp_path / "images", tmp_path / "labels"
    write_pair(photos, masks, "a")
    for name in ("b.JPG", "c.jpeg", "d.png", "jupe_e\u0301te\u0301.jpg"):
        write_photo(photos / name, HEIGHT, WIDTH)
    for stem in ("b", "c", "d", "jupe_\u00e9t\u00e9"):
        write_mask(masks / f"{stem}.png", MASK)
    (photos / "notes.txt").write_text("no photo")
    (photos / "raw.cr2").write_bytes(b"raw")
    data = read_cihp(tmp_path)
    assert [sample.id for sample in data.samples] == ["a", "b", "c", "d", "jupe_\u00e9t\u00e9"]
    assert all((sample.load()[1] > 0).any() for sample in data.samples)
    assert [problem.id for problem in data.skipped] == ["notes.txt", "raw.cr2"]
    assert "'.cr2'" in data.skipped[1].problem
