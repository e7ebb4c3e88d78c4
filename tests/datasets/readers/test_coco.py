"""COCO's layout, of Fashionpedia and ModaNet: mixed shapes, ids, broken ones."""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import class_table
from hemline.datasets.classes.vocabularies import FASHIONPEDIA, FASHIONPEDIA_GROUP, MODANET
from hemline.datasets.readers.fashionpedia import read_fashionpedia
from hemline.datasets.readers.modanet import read_modanet
from hemline.errors import DatasetError
from hemline.masks.figures.overlap import IGNORE
from tests.datasets.files import write_photo

HEIGHT, WIDTH = 40, 60
COAT, HAT, BAG = (FASHIONPEDIA.index(name) for name in ("coat", "hat", "bag, wallet"))
SQUARE = [[10, 10, 30, 10, 30, 30, 10, 30]]


def disc(row, column, radius):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2).astype(np.uint8)


def packed(mask):
    rle = coco_mask.encode(np.asfortranarray(mask))
    return {"size": [HEIGHT, WIDTH], "counts": rle["counts"].decode()}


def run_lengths(mask):
    flat = np.concatenate([[0], mask.ravel(order="F"), [2]])
    edges = np.flatnonzero(np.diff(flat != 0) if flat[-1] == 0 else np.diff(flat))
    return {"size": [HEIGHT, WIDTH], "counts": np.diff(np.concatenate([[0], edges])).tolist()}


def annotation(key, image, category, segmentation, **more):
    return {
        "id": key,
        "image_id": image,
        "category_id": category,
        "attribute_ids": [],
        "segmentation": segmentation,
        "bbox": [0, 0, 1, 1],
        "area": 1,
        "iscrowd": 0,
        **more,
    }


def image(key, name, height=HEIGHT, width=WIDTH):
    return {"id": key, "file_name": name, "height": height, "width": width, "license": 1}


def write_json(path, images, annotations, categories=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    categories = categories or [
        {"id": k, "name": name, "supercategory": FASHIONPEDIA_GROUP[name], "level": 2}
        for k, name in enumerate(FASHIONPEDIA)
    ]
    document = {
        "info": {"year": 2020},
        "categories": categories,
        "attributes": [{"id": 0, "name": "classic (t-shirt)"}],
        "images": images,
        "annotations": annotations,
    }
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def folder(tmp_path):
    """Two photos: polygons, run lengths of both kinds and a crowd on one, a hat on the other."""
    write_photo(tmp_path / "train" / "a.jpg", HEIGHT, WIDTH)
    write_photo(tmp_path / "train" / "b.jpg", HEIGHT * 2, WIDTH * 2)
    write_json(
        tmp_path / "instances_attributes_train2020.json",
        [image(7, "a.jpg"), image(8, "b.jpg")],
        [
            annotation(1, 7, COAT, SQUARE),
            annotation(2, 7, HAT, packed(disc(5, 45, 4))),
            annotation(3, 7, BAG, run_lengths(disc(33, 45, 5)), iscrowd=1),
            annotation(4, 8, HAT, packed(disc(20, 20, 6))),
        ],
    )
    # What lies beside it in the download.
    (tmp_path / "category_attributes_descriptions.json").write_text('{"categories": []}')
    (tmp_path / "info_test2020.json").write_text('{"images": [{"id": 1, "file_name": "t.jpg"}]}')
    (tmp_path / "fake_results.json").write_text('[{"image_id": 1, "category_id": 1}]')
    return tmp_path


def test_polygons_and_run_lengths_are_read_alike(folder):
    data = read_fashionpedia(folder, class_map("fashionpedia-46"))
    assert [sample.id for sample in data.samples] == ["a", "b"]
    assert data.skipped == ()
    photo, mask = data.samples[0].load()
    assert photo.shape == (HEIGHT, WIDTH, 3)
    assert (mask[10:30, 10:30] == COAT + 1).all()
    assert ((mask == HAT + 1) == disc(5, 45, 4)).all()
    assert ((mask == BAG + 1) == disc(33, 45, 5)).all()
    assert abs(int((mask == COAT + 1).sum()) - 400) < 50


def test_what_fashionpedia_cannot_name_is_ignored_in_atrs_classes_alone(folder):
    hat = disc(20, 20, 6)
    for name, rest in (("atr-18", IGNORE), ("fashionpedia-13", 0), ("garment", 0)):
        classes = class_map(name)
        mask = read_fashionpedia(folder, classes).samples[1].load()[1][::2, ::2]
        assert (mask[hat == 0] == rest).all()
        assert {classes.labels[k - 1] for k in np.unique(mask[hat > 0])} <= {"hat", "head", name}


def test_a_photo_at_twice_the_size_gets_its_mask_at_that_size(folder):
    photo, mask = read_fashionpedia(folder).samples[1].load()
    assert mask.shape == photo.shape[:2] == (HEIGHT * 2, WIDTH * 2)
    assert (mask[::2, ::2] == disc(20, 20, 6)).all()


def test_without_classes_clothing_is_garment_and_a_bag_is_not(folder):
    data = read_fashionpedia(folder)
    mask = data.samples[0].load()[1]
    assert data.labels == ("garment",)
    assert mask[20, 20] == 1
    assert mask[33, 45] == 0


def test_the_json_itself_can_be_named_and_may_lie_in_annotations(folder):
    path = folder / "instances_attributes_train2020.json"
    assert len(read_fashionpedia(path).samples) == 2
    (folder / "annotations").mkdir()
    moved = path.rename(folder / "annotations" / path.name)
    assert len(read_fashionpedia(moved).samples) == 2
    assert len(read_fashionpedia(folder).samples) == 2


def test_a_byte_order_mark_is_passed_over(folder):
    def masks():
        data = read_fashionpedia(folder, class_map("fashionpedia-46"))
        return {sample.id: sample.load()[1] for sample in data.samples}

    plain = masks()
    path = folder / "instances_attributes_train2020.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    marked = masks()
    assert marked.keys() == plain.keys() == {"a", "b"}
    for name, mask in plain.items():
        np.testing.assert_array_equal(marked[name], mask)


def test_names_count_and_not_ids(folder):
    path = folder / "instances_attributes_train2020.json"
    document = json.loads(path.read_text())
    for category in document["categories"]:
        category["id"] += 1000
    for item in document["annotations"]:
        item["category_id"] += 1000
    path.write_text(json.dumps(document))
    mask = read_fashionpedia(folder, class_table({"h": ["hat"]})).samples[0].load()[1]
    assert ((mask == 1) == disc(5, 45, 4)).all()


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ([[10, 10, 30, 30]], "2 points, at least 3 are needed"),
        ([], "neither polygons nor run lengths"),
        (None, "neither polygons nor run lengths"),
        ([[1, 2, "x", 4, 5, 6]], "not a number"),
        ({"size": [HEIGHT, WIDTH], "counts": [1, 2]}, "does not add up"),
        ({"size": [HEIGHT + 1, WIDTH], "counts": [(HEIGHT + 1) * WIDTH]}, "for 60 x 41 px"),
        ({"size": [HEIGHT, WIDTH], "counts": "\x7f"}, "cannot be read"),
    ],
)
def test_a_broken_shape_leaves_out_its_whole_photo(folder, broken, problem):
    path = folder / "instances_attributes_train2020.json"
    document = json.loads(path.read_text())
    # Also where nobody asks for the label of the shape that is broken.
    document["annotations"].append(annotation(99, 7, BAG, broken))
    path.write_text(json.dumps(document))
    bad, good = read_fashionpedia(folder, class_table({"hat": ["hat"]})).samples
    with pytest.raises(DatasetError, match=f"annotation 99: .*{problem}"):
        bad.load()
    good.load()


def test_what_can_be_told_without_decoding_is_skipped_by_name(folder):
    path = folder / "instances_attributes_train2020.json"
    document = json.loads(path.read_text())
    document["images"] += [image(9, "gone.jpg"), image(10, "c.jpg"), image(11, "d.jpg")]
    document["images"] += [image(12, "e.jpg", height=None)]
    document["annotations"] += [
        annotation(5, 9, HAT, SQUARE),
        annotation(6, 11, 999, SQUARE),
        annotation(7, 12, HAT, SQUARE),
        annotation(8, 4711, HAT, SQUARE),
    ]
    path.write_text(json.dumps(document))
    for name in "cde":
        write_photo(folder / "train" / f"{name}.jpg", HEIGHT, WIDTH)
    data = read_fashionpedia(folder)
    assert [sample.id for sample in data.samples] == ["a", "b"]
    problems = {item.id: item.problem for item in data.skipped}
    assert "has no photo 'gone.jpg'" in problems["gone"]
    assert "no annotation of 'c.jpg'" in problems["c"]
    assert "category 999" in problems["d"]
    assert "no size for 'e.jpg'" in problems["e"]
    assert "has annotations of image 4711" in problems["image 4711"]


def test_two_photos_of_one_name_are_told_apart_by_their_folder(folder):
    write_photo(folder / "test" / "a.jpg", HEIGHT, WIDTH)
    assert [item.id for item in read_fashionpedia(folder).skipped] == ["a"]
    path = folder / "instances_attributes_train2020.json"
    path.write_text(path.read_text().replace('"a.jpg"', '"train/a.jpg"'))
    assert read_fashionpedia(folder).skipped == ()


def test_a_folder_without_annotations_or_photos_says_so(tmp_path):
    with pytest.raises(DatasetError, match="no JSON file with images, annotations and categories"):
        read_fashionpedia(tmp_path)
    write_json(tmp_path / "x.json", [image(1, "a.jpg")], [annotation(1, 1, COAT, SQUARE)])
    with pytest.raises(DatasetError, match=r"x.json' can be read: .* has no photo 'a.jpg'; add it"):
        read_fashionpedia(tmp_path)


def test_modanet(tmp_path):
    names = [*MODANET[:-1], "scarf/tie"]
    categories = [
        {"id": k, "name": name, "supercategory": "fashion"} for k, name in enumerate(names, start=1)
    ]
    write_json(
        tmp_path / "annotations" / "modanet2018_instances_train.json",
        [image(k, f"{k:07}.jpg") for k in range(1, 41)],
        [annotation(k, k, 13 if k % 2 else 1, SQUARE) for k in range(1, 41)],
        categories,
    )
    write_json(
        tmp_path / "annotations" / "modanet2018_instances_val.json",
        [image(99, "0000099.jpg")],
        [],
        categories,
    )
    for k in range(1, 41):
        write_photo(tmp_path / "images" / f"{k:07}.jpg", HEIGHT, WIDTH)
    data = read_modanet(tmp_path, class_map("modanet-13"))
    assert len(data.samples) == 40
    assert data.labels[12] == "scarf & tie"
    assert data.samples[0].load()[1][20, 20] == 13
    assert data.samples[1].load()[1][20, 20] == 1
    assert read_modanet(tmp_path).samples[0].load()[1][20, 20] == 1  # a scarf is clothing
    assert not read_modanet(tmp_path).samples[1].load()[1].any()  # a bag is not


@pytest.mark.shared
def test_real_files_of_an_older_release(shared_data):
    folder = shared_data / "samples" / "fashionpedia"
    for name in ("fashionpedia-13", "fashionpedia-46", "atr-18", "garment"):
        data = read_fashionpedia(folder, class_map(name))
        assert len(data.samples) == 2
        assert all(sample.load()[1].any() for sample in data.samples)
    # The older release has 48 classes with other ids; by its own, 24 is a shoe.
    dress = read_fashionpedia(folder, class_map("fashionpedia-46")).samples[0].load()[1]
    assert {FASHIONPEDIA[k - 1] for k in np.unique(dress) if k} == {
        *("dress", "shoe", "sleeve", "neckline")
    }


@pytest.mark.parametrize(
    ("images", "annotations", "categories"),
    [
        ([image([1], "a.jpg")], [annotation(1, 1, 0, SQUARE)], None),
        ([image(1, "a.jpg")], [annotation(1, {"a": 1}, 0, SQUARE)], None),
        ([image(1, "a.jpg")], [annotation(1, 1, [0], SQUARE)], None),
        ([image(1, "a.jpg")], [annotation(1, 1, 0, SQUARE)], [{"id": 0, "supercategory": "x"}]),
    ],
)
def test_ids_and_names_that_cannot_be_used_are_one_sentence(
    tmp_path, images, annotations, categories
):
    write_json(tmp_path / "a.json", images, annotations, categories)
    with pytest.raises(DatasetError, match=r"a\.json' has an image, annotation or category whose"):
        read_fashionpedia(tmp_path)
