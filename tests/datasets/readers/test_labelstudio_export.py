"""Label Studio's exports: photos by name, which annotation counts, broken regions."""

import json

import numpy as np
import pytest

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.classes import class_table
from hemline.datasets.readers.labelstudio_export import read_labelstudio
from hemline.errors import DatasetError
from hemline.masks.codecs.brush import encode_brush
from tests.datasets.files import write_photo

HEIGHT, WIDTH = 20, 30


def box(top, left, bottom, right):
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def region(kind, label, **value):
    labels = {kind: [label]} if kind.endswith("labels") else {}
    return {
        "id": "r1",
        "from_name": "mask",
        "to_name": "image",
        "type": kind,
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": {**value, **labels},
    }


def brush(label, mask, **more):
    return {**region("brushlabels", label, format="rle", rle=encode_brush(mask)), **more}


def polygon(label, points):
    return region("polygonlabels", label, points=points)


def annotation(key, result, updated="2026-01-01T00:00:00Z", **more):
    return {"id": key, "result": result, "was_cancelled": False, "updated_at": updated, **more}


def task(key, image, *annotations):
    return {
        "id": key,
        "data": {"image": image, "note": "//[no address"},
        "annotations": list(annotations),
    }


def write_export(folder, *tasks):
    (folder / "project-1.json").write_text(json.dumps(tasks))
    return folder


COAT, HAT = box(5, 5, 15, 25), box(0, 10, 4, 14)


@pytest.fixture
def folder(tmp_path):
    for name in ("coat1_Front", "1a2b3c4d-coat1_Back", "shirt 2", "c0ffee00-x"):
        write_photo(tmp_path / "photos" / f"{name}.jpg", HEIGHT, WIDTH)
    return write_export(
        tmp_path,
        task(1, "/data/upload/3/9f8e7d6c-coat1_Front.jpg", annotation(1, [brush("coat", COAT)])),
        task(2, "/data/upload/3/1a2b3c4d-coat1_Back.jpg", annotation(2, [brush("hat", HAT)])),
        task(3, "/data/local-files/?d=a/b/shirt%202.jpg", annotation(3, [])),
        task(4, "s3://bucket/x/c0ffee00-x.jpg", annotation(4, [brush("coat", COAT)])),
        task(5, "https://host/gone.jpg?token=1", annotation(5, [brush("coat", COAT)])),
        {"id": 6, "data": {"image": "/data/upload/3/no.jpg"}, "annotations": []},
    )


def test_photos_are_found_by_their_names_and_labels_kept(folder):
    data = read_labelstudio(folder)
    assert data.labels == ("coat", "hat")
    assert [sample.id for sample in data.samples] == [
        *("coat1_Front", "1a2b3c4d-coat1_Back", "shirt 2", "c0ffee00-x")
    ]
    masks = [sample.load()[1] for sample in data.samples]
    assert (masks[0] == COAT).all()
    assert (masks[1] == HAT * 2).all()
    assert not masks[2].any()
    assert (masks[3] == COAT).all()
    assert [item.id for item in data.skipped] == ["task 5"]


def test_views_of_a_garment_belong_together(folder):
    samples = read_labelstudio(folder).samples
    assert (samples[0].garment, samples[0].view) == ("coat1", "Front")
    # Two uploads have two marks, which are no part of the garment's name.
    assert (samples[1].garment, samples[1].view) == ("coat1", "Back")


def test_classes_can_be_joined(folder):
    data = read_labelstudio(folder, class_table({"garment": ["coat", "hat"]}))
    assert data.labels == ("garment",)
    assert (data.samples[1].load()[1] == HAT).all()
    with pytest.raises(DatasetError, match="'garment', which the labelstudio data does not have"):
        read_labelstudio(folder, class_map("garment"))


def test_the_later_region_wins_and_polygons_count(folder):
    over = polygon("hat", [[50, 0], [100, 0], [100, 100], [50, 100]])
    write_export(folder, task(1, "coat1_Front.jpg", annotation(1, [brush("coat", COAT), over])))
    mask = read_labelstudio(folder).samples[0].load()[1]
    assert set(np.unique(mask[:, 16:])) == {2}
    assert (mask[:, :14] == COAT[:, :14]).all()


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ([annotation(1, [brush("a", COAT)]), annotation(2, [brush("a", HAT)])], HAT),
        ([annotation(1, [brush("a", COAT)], "2027"), annotation(2, [brush("a", HAT)])], COAT),
        ([annotation(1, [brush("a", COAT)]), annotation(2, [], was_cancelled=True)], COAT),
        (
            [
                annotation(1, [brush("a", COAT)], ground_truth=True),
                annotation(2, [brush("a", HAT)], "2027"),
            ],
            COAT,
        ),
    ],
)
def test_which_annotation_counts(folder, annotations, expected):
    write_export(folder, task(1, "coat1_Front.jpg", *annotations))
    assert (read_labelstudio(folder).samples[0].load()[1] == expected).all()


def test_other_regions_are_passed_over(folder):
    choices = {"id": "c", "type": "choices", "value": {"choices": ["front"]}}
    result = [choices, brush("coat", COAT), {"type": "relation"}]
    write_export(
        folder,
        task(1, "coat1_Front.jpg", annotation(1, result)),
        task(2, "coat1_Back.jpg", annotation(2, [choices])),
    )
    data = read_labelstudio(folder)
    (sample,) = data.samples
    assert (sample.load()[1] == COAT).all()
    assert "no mask region" in data.skipped[0].problem


def test_each_image_of_a_task_has_its_own_regions(folder):
    two = task(
        1,
        "",
        annotation(1, [brush("coat", COAT, to_name="front"), brush("coat", HAT, to_name="back")]),
    )
    two["data"] = {"back": "shirt 2.jpg", "front": "coat1_Front.jpg"}
    untold = task(2, "", annotation(2, [brush("coat", COAT)]))
    untold["data"] = two["data"]
    data = read_labelstudio(write_export(folder, two, untold))
    front, back = (sample.load()[1] for sample in data.samples)
    assert [sample.id for sample in data.samples] == ["coat1_Front", "shirt 2"]
    assert (front == COAT).all()
    assert (back == HAT).all()
    assert "cannot tell which photo" in data.skipped[0].problem


def test_two_uploads_of_one_name_do_not_share_a_photo(folder):
    uploads = [f"/data/upload/3/{mark}-coat1_Front.jpg" for mark in ("9f8e7d6c", "0f8e7d6c")]
    tasks = [task(1, each, annotation(k, [brush("coat", COAT)])) for k, each in enumerate(uploads)]
    other = task(2, "shirt 2.jpg", annotation(9, [brush("coat", COAT)]))
    data = read_labelstudio(write_export(folder, *tasks, other))
    assert [sample.id for sample in data.samples] == ["shirt 2"]
    assert "give both the names they have in Label Studio" in data.skipped[0].problem
    for each in uploads:
        write_photo(folder / each.rpartition("/")[2], HEIGHT, WIDTH)
    assert len(read_labelstudio(folder).samples) == 3  # of one task id, too


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (brush("coat", COAT, original_width=99), "drawn on 99 x 20 px but the photo is 30 x 20 px"),
        (brush("coat", COAT, image_rotation=90), "rotated photo"),
        (region("brushlabels", "coat", format="rle", rle=[1, 2, 3]), "region 'r1'|region r1"),
        (region("brush", "", format="rle", rle=encode_brush(COAT)), "has 0 labels"),
        (polygon("coat", [[0, 0], [10, 10]]), "at least 3"),
    ],
)
def test_a_broken_region_leaves_out_its_photo(folder, bad, problem):
    write_export(
        folder,
        task(1, "coat1_Front.jpg", annotation(1, [brush("hat", HAT), bad])),
        task(2, "shirt 2.jpg", annotation(2, [brush("coat", COAT)])),
    )
    broken, good = read_labelstudio(folder).samples
    with pytest.raises(DatasetError, match=problem):
        broken.load()
    good.load()


def test_an_export_of_something_else(tmp_path):
    with pytest.raises(DatasetError, match="has 0 JSON files"):
        read_labelstudio(tmp_path)
    (tmp_path / "a.json").write_text('[{"image": "x", "mask": []}]')
    with pytest.raises(DatasetError, match=r"export as JSON \(not JSON-MIN\)"):
        read_labelstudio(tmp_path / "a.json")
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(DatasetError, match="has 2 JSON files"):
        read_labelstudio(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"annotations": [annotation("a", []), annotation(2, [])]},
    ],
)
def test_a_file_that_no_label_studio_wrote_is_named(tmp_path, change):
    write_export(tmp_path, {**task(1, "a.jpg", annotation(1, [])), **change})
    with pytest.raises(DatasetError, match=r"project-1\.json' is not a Label Studio export"):
        read_labelstudio(tmp_path)


def test_a_task_whose_data_is_no_object_has_no_photo(tmp_path):
    write_photo(tmp_path / "a.jpg", HEIGHT, WIDTH)
    drawn = annotation(1, [brush("coat", box(0, 0, 5, 5))])
    write_export(tmp_path, task(1, "a.jpg", drawn), {**task(2, "b.jpg", drawn), "data": ["b.jpg"]})
    data = read_labelstudio(tmp_path)
    assert [item.id for item in data.skipped] == ["task 2"]
    assert len(data.samples) == 1
