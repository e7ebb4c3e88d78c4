"""iMaterialist of both years: run lengths against a pixel-by-pixel writer, broken rows."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.vocabularies import FASHIONPEDIA
from hemline.datasets.readers.imaterialist import decode_pixel_runs, read_imaterialist
from hemline.errors import DatasetError, MaskError
from hemline.masks.figures.overlap import IGNORE
from tests.datasets.files import write_photo

HEIGHT, WIDTH = 20, 30
DRESS, SHOE = FASHIONPEDIA.index("dress"), FASHIONPEDIA.index("shoe")


def kaggle(mask):
    """Run lengths as the competition has them, written down pixel by pixel."""
    runs = []
    pixels = [*mask.T.reshape(-1).tolist(), 0]
    start = None
    for position, inside in enumerate(pixels, start=1):
        if inside and start is None:
            start = position
        if not inside and start is not None:
            runs += [start, position - start]
            start = None
    return " ".join(map(str, runs))


def box(top, left, bottom, right):
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def write_csv(path, rows, columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def row(image, mask, class_id, height=HEIGHT, width=WIDTH, **more):
    runs = mask if isinstance(mask, str) else kaggle(mask)
    return {
        "ImageId": image,
        "EncodedPixels": runs,
        "Height": height,
        "Width": width,
        "ClassId": class_id,
        **more,
    }


C2019 = ["ImageId", "EncodedPixels", "Height", "Width", "ClassId"]
C2020 = [*C2019, "AttributesIds"]


@pytest.fixture(params=[2019, 2020])
def folder(tmp_path, request):
    if request.param == 2019:
        rows = [
            row("a.jpg", box(2, 3, 18, 13), f"{DRESS}_3_20_34"),
            row("b.jpg", box(0, 0, 5, 5), "23"),
            row("a.jpg", box(18, 9, 20, 12), f"{SHOE}"),
        ]
        write_csv(tmp_path / "train.csv", rows, C2019)
    else:
        rows = [
            row("a", box(2, 3, 18, 13), DRESS, AttributesIds="115,136,143"),
            row("b", box(0, 0, 5, 5), 23, AttributesIds=""),
            row("a", box(18, 9, 20, 12), SHOE, AttributesIds=""),
        ]
        write_csv(tmp_path / "train.csv", rows, C2020)
    for name in "ab":
        write_photo(tmp_path / "train" / f"{name}.jpg", HEIGHT, WIDTH)
    return tmp_path


def test_both_years_give_each_photo_with_all_its_pieces(folder):
    data = read_imaterialist(folder, class_map("fashionpedia-46"))
    assert [sample.id for sample in data.samples] == ["a", "b"]
    assert data.samples[0].source == "imaterialist"
    photo, mask = data.samples[0].load()
    assert photo.shape == (HEIGHT, WIDTH, 3)
    expected = box(2, 3, 18, 13) * (DRESS + 1) + box(18, 9, 20, 12) * (SHOE + 1)
    assert (mask == expected).all()
    assert (data.samples[1].load()[1] == box(0, 0, 5, 5) * 24).all()


def test_in_atrs_classes(folder):
    data = read_imaterialist(folder, class_map("atr-18"))
    mask = data.samples[0].load()[1]
    drawn = box(2, 3, 18, 13) + box(18, 9, 20, 12) > 0
    assert {data.labels[k - 1] for k in np.unique(mask[drawn])} == {"dress", "left-shoe"}
    assert (mask[~drawn] == IGNORE).all()  # it may be hair, a face, an arm or a leg


def test_in_atrs_classes_an_umbrella_is_background_and_a_sleeve_is_not_drawn(tmp_path):
    sleeve, umbrella = FASHIONPEDIA.index("sleeve"), FASHIONPEDIA.index("umbrella")
    rows = [row("a", box(0, 0, 4, 4), umbrella), row("a", box(9, 9, 12, 12), sleeve)]
    write_csv(tmp_path / "train.csv", rows, C2020)
    write_photo(tmp_path / "a.jpg", HEIGHT * 2, WIDTH * 2)
    mask = read_imaterialist(tmp_path, class_map("atr-18")).samples[0].load()[1]
    assert (mask == np.where(np.kron(box(0, 0, 4, 4), np.ones((2, 2))) > 0, 0, IGNORE)).all()


@given(
    arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(np.any),
)
def test_runs_go_down_the_columns_and_count_from_1(mask):
    decoded = decode_pixel_runs(kaggle(mask), *mask.shape)
    assert (decoded == mask).all()


def test_the_base_is_1():
    assert decode_pixel_runs("1 1", 3, 2).tolist() == [[1, 0], [0, 0], [0, 0]]
    assert decode_pixel_runs("6 1", 3, 2).tolist() == [[0, 0], [0, 0], [0, 1]]
    assert decode_pixel_runs("2 3", 3, 2).tolist() == [[0, 1], [1, 0], [1, 0]]


def test_runs_of_a_real_row_stand_below_each_other():
    # 6068157 and 6073371 are one column of 5,214 px apart: the same rows in neighbouring columns.
    rows, columns = np.nonzero(decode_pixel_runs("6068157 7 6073371 20", 5214, 3676))
    assert set(columns) == {1163, 1164}
    assert rows[columns == 1163].min() == rows[columns == 1164].min() == (6068157 - 1) % 5214


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ("0 3", "run of 3 from pixel 0 runs beyond the 2 x 3 px"),
        ("5 3", "run of 3 from pixel 5 runs beyond"),
        ("7 1", "run of 1 from pixel 7 runs beyond"),
        ("2 0", "run of 0 from pixel 2 runs beyond"),
        ("1 9223372036854775807", "runs beyond"),
        ("1 99999999999999999999999", "not integers"),
        ("1 2 3", "3 run lengths, which do not form pairs"),
        ("", "0 run lengths"),
        ("nan", "not integers"),
        ("1.5 2", "not integers"),
    ],
)
def test_runs_that_cannot_be(runs, problem):
    with pytest.raises(MaskError, match=problem):
        decode_pixel_runs(runs, 3, 2)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (row("a", f"{HEIGHT * WIDTH} 2", DRESS), "a dress on 'a': its run of 2"),
        (row("a", "1 1", 46), "unknown class '46' on 'a'"),
        (row("a", "1 1", "x_1"), "class 'x_1'"),
        (row("a", "1 1", DRESS, height=HEIGHT + 2), "gives 'a' the sizes"),
        (row("a", "1 1", DRESS, height="tall"), "gives 'a' the sizes"),
    ],
)
def test_a_broken_row_leaves_out_its_whole_photo(tmp_path, bad, problem):
    rows = [row("a", box(2, 3, 18, 13), DRESS), bad, row("b", box(0, 0, 5, 5), DRESS)]
    write_csv(tmp_path / "train.csv", rows, C2020)
    for name in "ab":
        write_photo(tmp_path / f"{name}.jpg", HEIGHT, WIDTH)
    broken, good = read_imaterialist(tmp_path).samples
    with pytest.raises(DatasetError, match=problem):
        broken.load()
    good.load()


@pytest.mark.parametrize(("factor", "fits"), [((2, 2), True), ((2, 1), False)])
def test_a_photo_of_another_size(tmp_path, factor, fits):
    write_csv(tmp_path / "train.csv", [row("a", box(2, 4, 18, 14), DRESS)], C2020)
    write_photo(tmp_path / "a.jpg", HEIGHT * factor[0], WIDTH * factor[1])
    (sample,) = read_imaterialist(tmp_path).samples
    if fits:
        assert (sample.load()[1][::2, ::2] == box(2, 4, 18, 14)).all()
    else:
        with pytest.raises(DatasetError, match="a different shape"):
            sample.load()


def test_a_row_that_was_cut_off_and_a_photo_that_is_gone(tmp_path):
    write_csv(tmp_path / "train.csv", [row("a", "1 1", DRESS), row("c", "1 1", DRESS)], C2020)
    with (tmp_path / "train.csv").open("a") as file:
        file.write("b,5 1,2")
    for name in "ab":
        write_photo(tmp_path / f"{name}.jpg", HEIGHT, WIDTH)
    data = read_imaterialist(tmp_path / "train.csv")
    assert [item.id for item in data.skipped] == ["c"]
    with pytest.raises(DatasetError, match="3 values for 6 columns"):
        data.samples[1].load()


def test_a_piece_longer_than_csv_allows_by_itself(tmp_path):
    runs = " ".join(f"{start} 1" for start in range(1, 60_000, 2))
    assert len(runs) > 131_072
    write_csv(tmp_path / "train.csv", [row("a", runs, DRESS, 200, 300)], C2020)
    write_photo(tmp_path / "a.jpg", 200, 300)
    assert read_imaterialist(tmp_path).samples[0].load()[1].sum() == 30_000


def test_names_come_from_the_descriptions_where_they_are(folder):
    path = folder / "label_descriptions.json"
    names = ["top, t-shirt, sweatshirt" if k == DRESS else f"n{k}" for k in range(46)]
    categories = [{"id": k, "name": names[k], "supercategory": "s"} for k in range(46)]
    path.write_text(json.dumps({"info": {}, "categories": categories, "attributes": []}))
    mask = read_imaterialist(folder, class_map({"x": [names[DRESS]]})).samples[0].load()[1]
    assert (mask == box(2, 3, 18, 13)).all()
    path.write_text('{"categories": [{}]}')
    with pytest.raises(DatasetError, match="no categories with id, name"):
        read_imaterialist(folder)


@pytest.mark.parametrize("text", ["", "ImageId,Pixels\n", "x,EncodedPixels,Height,Width,ClassId\n"])
def test_a_csv_of_something_else(tmp_path, text):
    (tmp_path / "train.csv").write_text(text)
    with pytest.raises(DatasetError, match="iMaterialist's are"):
        read_imaterialist(tmp_path)


def test_a_folder_without_csv_or_photos(tmp_path):
    with pytest.raises(DatasetError, match=r"train.csv' is missing"):
        read_imaterialist(tmp_path)
    write_csv(tmp_path / "train.csv", [row("a", "1 1", DRESS)], C2020)
    with pytest.raises(DatasetError, match=r"train.csv' can be read: .* has no photo 'a.jpg'"):
        read_imaterialist(tmp_path)


@pytest.mark.shared
def test_the_published_descriptions_of_both_years(shared_data):
    for year in (2019, 2020):
        path = shared_data / "samples" / "imaterialist" / f"label_descriptions_{year}.json"
        names = [item["name"] for item in json.loads(path.read_text())["categories"]]
        assert tuple(names) == FASHIONPEDIA
