"""ATR from folders and from parquet: the same samples, and rows that are broken."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.vocabularies import ATR
from hemline.datasets.readers.atr import read_atr
from hemline.datasets.sample import swap_pairs
from hemline.errors import HemlineError
from hemline.masks.figures.overlap import IGNORE
from tests.datasets.files import encoded, photo, stripes, write_mask, write_photo

HEIGHT, WIDTH = 24, 36
MASK = stripes(HEIGHT, WIDTH, 18)
SEED_CLOTHING = [4, 5, 6, 7, 8, 17]


def write_parquet(path, rows, group=4):
    """As `datasets` writes images: a struct of the file's bytes and its path."""
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {
        name: pa.array([None if part is None else {"bytes": part, "path": None} for part in parts])
        for name, parts in zip(("image", "mask"), zip(*rows, strict=True), strict=True)
    }
    table = pa.table({name: column.cast(struct) for name, column in columns.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=group)


@pytest.fixture(params=["folders", "parquet"])
def folder(tmp_path, request):
    if request.param == "folders":
        for k in range(10):
            root = tmp_path / "humanparsing"
            write_photo(root / "JPEGImages" / f"dataset10k_{k}.jpg", HEIGHT, WIDTH)
            mask = root / "SegmentationClassAug" / f"dataset10k_{k}.png"
            write_mask(mask, np.roll(MASK, k, axis=1), palette=k % 2 == 1)
    else:
        rows = [
            (encoded(photo(HEIGHT, WIDTH), "JPEG"), encoded(np.roll(MASK, k, axis=1), "PNG"))
            for k in range(10)
        ]
        write_parquet(tmp_path / "data" / "train-00000-of-00002.parquet", rows[:6])
        write_parquet(tmp_path / "data" / "train-00001-of-00002.parquet", rows[6:])
    return tmp_path


def test_18_classes_keep_their_ids(folder):
    data = read_atr(folder, class_map("atr-18"))
    assert data.labels == ATR
    assert swap_pairs(data.labels) == ((9, 10), (12, 13), (14, 15))
    assert len({sample.id for sample in data.samples}) == 10
    for shift, sample in enumerate(data.samples):
        image, mask = sample.load()
        assert image.shape == (HEIGHT, WIDTH, 3)
        assert (mask == np.roll(MASK, shift, axis=1)).all()


def test_samples_load_in_any_order(folder):
    samples = read_atr(folder, class_map("atr-18")).samples
    for shift in (9, 0, 5, 4, 8):
        assert (samples[shift].load()[1] == np.roll(MASK, shift, axis=1)).all()


def test_the_binary_classes_of_the_report(folder):
    mask = read_atr(folder, class_map("atr-binary")).samples[0].load()[1]
    assert (mask == np.isin(MASK, SEED_CLOTHING)).all()


def test_garment_has_shoes_and_hat_as_in_the_other_data_sets(folder):
    mask = read_atr(folder).samples[0].load()[1]
    assert (mask == np.isin(MASK, [*SEED_CLOTHING, 1, 9, 10])).all()


def test_broken_rows_of_a_parquet_name_file_and_row(tmp_path):
    good = (encoded(photo(HEIGHT, WIDTH), "JPEG"), encoded(MASK, "PNG"))
    rows = [
        good,
        (b"no photo", good[1]),
        (good[0], b"no mask"),
        (None, good[1]),
        (good[0], None),
        (good[0], encoded(MASK[:-1], "PNG")),
        (good[0], encoded(np.full_like(MASK, 18), "PNG")),
        (good[0], encoded(photo(HEIGHT, WIDTH), "PNG")),
        good,
    ]
    write_parquet(tmp_path / "train.parquet", rows)
    samples = read_atr(tmp_path).samples
    for number in range(1, 8):
        with pytest.raises(HemlineError, match=f"train.parquet, row 0000{number}"):
            samples[number].load()
    for number in (0, 8):
        samples[number].load()


@pytest.mark.parametrize("folder", ["folders"], indirect=True)
def test_a_mask_that_is_missing_or_of_a_class_that_is_none(folder):
    masks = folder / "humanparsing" / "SegmentationClassAug"
    (masks / "dataset10k_3.png").unlink()
    write_mask(masks / "dataset10k_4.png", np.full_like(MASK, 254))
    (masks / "dataset10k_5.png").write_bytes(b"torn")
    data = read_atr(folder)
    assert [item.id for item in data.skipped] == ["dataset10k_3"]
    by_id = {sample.id: sample for sample in data.samples}
    with pytest.raises(HemlineError, match="class id 254, but the data's classes end at 17"):
        by_id["dataset10k_4"].load()
    with pytest.raises(HemlineError, match=r"dataset10k_5.png'"):
        by_id["dataset10k_5"].load()


@pytest.mark.parametrize("palette", [False, True])
def test_void_stays_ignored_whatever_the_class_list(tmp_path, palette):
    void = np.where(np.arange(WIDTH) % 5 == 0, np.uint8(IGNORE), MASK)
    write_photo(tmp_path / "JPEGImages" / "a.jpg", HEIGHT, WIDTH)
    write_mask(tmp_path / "SegmentationClassAug" / "a.png", void, palette=palette)
    many = read_atr(tmp_path, class_map("atr-18")).samples[0].load()[1]
    assert (many == void).all()
    one = read_atr(tmp_path, class_map("atr-binary")).samples[0].load()[1]
    assert (one == np.where(void == IGNORE, IGNORE, np.isin(MASK, SEED_CLOTHING))).all()


def test_a_parquet_file_of_something_else(tmp_path):
    path = tmp_path / "train.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(HemlineError, match="is not a parquet file"):
        read_atr(tmp_path)
    pq.write_table(pa.table({"text": ["a"]}), path)
    with pytest.raises(HemlineError, match="has the columns text; image and mask are needed"):
        read_atr(tmp_path)


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(HemlineError, match="has no JPEGImages/ with SegmentationClassAug/"):
        read_atr(tmp_path)


@pytest.mark.shared
def test_the_published_list_of_classes(shared_data):
    lines = (shared_data / "samples" / "atr" / "atr_label.txt").read_text().splitlines()
    names = [line.split()[0] for line in lines if line.strip()]
    assert [name.replace("sunglass", "sunglasses") for name in names[1:]] == list(ATR)


@pytest.mark.shared
def test_a_real_palette_mask(shared_data, tmp_path):
    source = shared_data / "samples" / "palette_png"
    for folder, name, suffix in (
        ("JPEGImages", "demo.jpg", ".jpg"),
        ("SegmentationClassAug", "demo_atr.png", ".png"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"demo{suffix}").symlink_to(source / name)
    (sample,) = read_atr(tmp_path, class_map("atr-18")).samples
    image, mask = sample.load()
    assert mask.shape == image.shape[:2]
    assert set(np.unique(mask)) == {0, 2, 4, 6, 10, 11, 15, 16}
