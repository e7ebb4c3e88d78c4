"""Annotation files as people and their programs save them: numbers, names, encodings."""

import json
import unicodedata

import numpy as np
import pytest

from hemline.datasets.classes.classes import class_table
from hemline.datasets.readers.coco import read_coco
from hemline.datasets.readers.imaterialist import read_imaterialist
from hemline.errors import DatasetError
from tests.datasets.files import write_photo

HEIGHT, WIDTH = 40, 60
TRUTH = np.zeros((HEIGHT, WIDTH), bool)
TRUTH[10:30, 10:30] = True
CORNERS = [10, 10, 30, 10, 30, 30, 10, 30]
DRESS = class_table({"dress": ["dress"]})
RUNS = " ".join(f"{column * HEIGHT + 11} 20" for column in range(10, 30))
HEADER = "ImageId,EncodedPixels,Height,Width,ClassId"


def coco(folder, encoding="utf-8", photo="a.jpg", **changed):
    """A COCO file of one square on one photo, with some of its parts changed."""
    write_photo(folder / photo, HEIGHT, WIDTH)
    image = {"id": 1, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}
    drawn = {"id": 5, "image_id": 1, "category_id": 7, "segmentation": [CORNERS]}
    for part in (image, drawn):
        part.update({key: value for key, value in changed.items() if key in part})
    document = {
        "images": [image, *changed.get("more", [])],
        "categories": [{"id": 7, "name": "dress"}, *changed.get("categories", [])],
        "annotations": [drawn],
    }
    text = json.dumps(document, ensure_ascii=False)
    (folder / "ann.json").write_bytes(text.encode(encoding))
    return read_coco(folder, "modanet", DRESS, vocabulary="modanet")


def mask_of(data):
    return data.samples[0].load()[1] == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"height": float(HEIGHT), "width": float(WIDTH)},
        {"height": str(HEIGHT), "width": f"{WIDTH}.0"},
        {"image_id": "1"},
        {"image_id": 1.0, "category_id": "7"},
        {"file_name": "C:\\photos\\a.jpg"},
        {"file_name": "A.JPG"},
        {"segmentation": CORNERS},
        {"segmentation": [[CORNERS[k : k + 2] for k in range(0, 8, 2)]]},
        {"segmentation": [CORNERS[k : k + 2] for k in range(0, 8, 2)]},
    ],
)
def test_coco_as_other_programs_write_it(tmp_path, changed):
    assert (mask_of(coco(tmp_path, **changed)) == TRUTH).all()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_text_of_any_common_encoding(tmp_path, encoding):
    name = "jupe_été.jpg"
    data = coco(tmp_path, encoding, unicodedata.normalize("NFD", name), file_name=name)
    assert (mask_of(data) == TRUTH).all()
    line = f"jupe_été,{RUNS},{HEIGHT},{WIDTH},10"
    (tmp_path / "train.csv").write_bytes(f"{HEADER}\r\n{line}\r\n".encode(encoding))
    assert (mask_of(read_imaterialist(tmp_path, DRESS)) == TRUTH).all()


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (HEADER, f"12.0,{RUNS},{HEIGHT}.0,{WIDTH}.0,10.0"),
        (HEADER, f"12.0,{RUNS.replace(' ', '.0 ')}.0,{HEIGHT},{WIDTH},10"),
        (HEADER.replace(",", ";"), f"12;{RUNS};{HEIGHT};{WIDTH};10"),
        (HEADER.replace(",", "\t"), f"12\t{RUNS}\t{HEIGHT}\t{WIDTH}\t10"),
        (f",{HEADER}", f"0,12,{RUNS},{HEIGHT},{WIDTH},10"),
        (HEADER, f"12.png,{RUNS},{HEIGHT},{WIDTH},10"),
    ],
)
def test_tables_as_pandas_and_excel_write_them(tmp_path, header, line):
    write_photo(tmp_path / "train" / "12.png", HEIGHT, WIDTH)
    (tmp_path / "train.csv").write_text(f"{header}\n{line}\n")
    assert (mask_of(read_imaterialist(tmp_path, DRESS)) == TRUTH).all()


def test_an_image_id_of_two_photos_is_neithers(tmp_path):
    write_photo(tmp_path / "b.jpg", HEIGHT, WIDTH)
    other = {"id": 1.0, "file_name": "b.jpg", "height": HEIGHT, "width": WIDTH}
    with pytest.raises(DatasetError, match=r"image id 1 to 'a\.jpg' and to 'b\.jpg'"):
        coco(tmp_path, more=[other])
    same = {"id": 2, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}
    with pytest.raises(DatasetError, match=r"lists 'a\.jpg' twice, as the images 1 and 2"):
        coco(tmp_path, more=[same])
    twice = {"id": 1, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}
    assert (mask_of(coco(tmp_path, more=[twice])) == TRUTH).all()


def test_a_category_id_of_two_names_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="category id 7 to both 'dress' and 'coat'"):
        coco(tmp_path, categories=[{"id": "7", "name": "coat"}])


def test_photos_of_one_name_in_two_folders_are_named(tmp_path):
    write_photo(tmp_path / "x" / "a.jpg", HEIGHT, WIDTH)
    with pytest.raises(DatasetError, match=r"has 2 photos 'a\.jpg', as 'x/a\.jpg' and 'y/a\.jpg'"):
        coco(tmp_path, photo="y/a.jpg")
    assert (mask_of(coco(tmp_path, photo="y/a.jpg", file_name="y\\a.jpg")) == TRUTH).all()
