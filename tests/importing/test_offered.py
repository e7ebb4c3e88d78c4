"""Masks as studios have them: mask files, class ids, cut-outs and COCO."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.errors import DatasetError, HemlineError
from hemline.importing.offered import offered_masks
from hemline.masks.codecs.coco import encode_coco_rle

Mask = NDArray[np.uint8]
LABELS = ("dress", "belt")


def disc(x: int = 30) -> Mask:
    mask = np.zeros((80, 60), np.uint8)
    cv2.circle(mask, (x, 40), 15, 1, cv2.FILLED)
    return mask


def two_labels() -> Mask:
    mask = disc()
    mask[38:42] *= 2
    return mask


def write(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    cv2.imwrite(str(path), pixels)


def read(path: Path, labels: tuple[str, ...] = ("garment",), **options: Any) -> dict[str, Mask]:
    return {offer.name: offer.read() for offer in offered_masks(path, labels, **options)}


@pytest.mark.parametrize("inside", ["", "masks"])
def test_black_and_white_masks_of_one_label(tmp_path: Path, inside: str) -> None:
    write(tmp_path / inside / "D1_Front.png", disc() * 255)
    assert np.array_equal(read(tmp_path)["D1_Front"], disc())


def test_cutouts(tmp_path: Path) -> None:
    rgba = np.dstack([np.full((80, 60, 3), 90, np.uint8), disc() * 255])
    write(tmp_path / "cutouts" / "a.png", rgba)
    assert np.array_equal(read(tmp_path)["a"], disc())
    assert np.array_equal(read(tmp_path / "cutouts")["a"], disc())


def test_class_ids_by_labels_txt_and_in_the_projects_order(tmp_path: Path) -> None:
    write(tmp_path / "masks" / "a.png", two_labels())
    assert np.array_equal(read(tmp_path, LABELS)["a"], two_labels())
    (tmp_path / "labels.txt").write_text("belt\ndress\n")
    swapped = np.array([0, 2, 1], np.uint8)[two_labels()]
    assert np.array_equal(read(tmp_path, LABELS)["a"], swapped)
    assert np.array_equal(read(tmp_path / "masks", LABELS)["a"], swapped)


def test_all_of_a_mask_as_one_label(tmp_path: Path) -> None:
    write(tmp_path / "a.png", disc() * 255)
    assert np.array_equal(read(tmp_path, LABELS, label="belt")["a"], disc() * 2)
    with pytest.raises(DatasetError, match="has no label 'hat'; it has dress, belt"):
        read(tmp_path, LABELS, label="hat")


@pytest.mark.parametrize("name", ["hat", "dress"])
def test_a_label_that_the_project_lacks_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a.png", two_labels())
    (tmp_path / "labels.txt").write_text(f"{name}\nscarf\n")
    offer = offered_masks(tmp_path, LABELS)[0]
    with pytest.raises(HemlineError, match=r"has the label '(hat|scarf)', which the project lacks"):
        offer.read()


def test_an_id_that_no_label_has_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.png", two_labels() * 2)
    with pytest.raises(HemlineError, match="class id 4, which no label has"):
        offered_masks(tmp_path, LABELS)[0].read()


def coco(path: Path, **changes: Any) -> Path:
    segmentation = encode_coco_rle(disc())
    image = {"id": 1, "file_name": "a.jpg", "width": 60, "height": 80}
    annotation = {"id": 1, "image_id": 1, "category_id": 7, "segmentation": segmentation}
    content = {
        "images": [image | changes.get("image", {})],
        "categories": [{"id": 7, "name": "belt"}],
        "annotations": [annotation | changes.get("annotation", {})],
    }
    path.write_text(json.dumps(content))
    return path


def test_coco_needs_no_photos(tmp_path: Path) -> None:
    coco(tmp_path / "instances.json")
    assert np.array_equal(read(tmp_path, LABELS)["a"], disc() * 2)
    assert np.array_equal(read(tmp_path / "instances.json", LABELS)["a"], disc() * 2)
    assert np.array_equal(read(tmp_path, label="garment")["a"], disc())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"annotation": {"category_id": 9}}, "category 9"),
        ({"image": {"width": None}}, "gives no size"),
        ({"image": {"width": 61}}, "61 x 80 px"),
    ],
)
def test_what_is_wrong_with_an_image_is_told_when_it_is_read(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    offer = offered_masks(coco(tmp_path / "c.json", **changes), LABELS)[0]
    with pytest.raises(HemlineError, match=said):
        offer.read()


def test_no_masks_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no masks"):
        offered_masks(tmp_path, LABELS)
    with pytest.raises(DatasetError, match="is neither a folder of masks nor a COCO file"):
        offered_masks(tmp_path / "none", LABELS)
