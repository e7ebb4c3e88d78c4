"""Clothing Co-Parsing: tags, clothing, and what is missing or broken."""

import numpy as np
import pytest
from scipy.io import savemat

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.vocabularies import CCP
from hemline.datasets.readers.ccp import read_ccp
from hemline.errors import DatasetError
from tests.datasets.files import write_photo

HEIGHT, WIDTH = 12, 59
TAGS = ("null", *CCP)
MASK = np.tile(np.arange(59, dtype=np.uint8), (HEIGHT, 1))


def write_mat(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"groundtruth": mask})


@pytest.fixture
def folder(tmp_path):
    names = np.empty((1, 59), dtype=object)
    names[0] = [np.array([tag]) for tag in TAGS]
    savemat(tmp_path / "label_list.mat", {"label_list": names})
    for name in ("0001", "0002"):
        write_photo(tmp_path / "photos" / f"{name}.jpg", HEIGHT, WIDTH)
        write_mat(tmp_path / "annotations" / "pixel-level" / f"{name}.mat", MASK)
    return tmp_path


def test_45_tags_are_clothing(folder):
    data = read_ccp(folder)
    mask = data.samples[0].load()[1]
    assert mask[0].sum() == 45
    assert not mask[0][[TAGS.index(tag) for tag in ("null", "skin", "hair", "bag", "watch")]].any()
    assert mask[0][[TAGS.index(tag) for tag in ("hat", "belt", "shoes", "scarf", "tie")]].all()


def test_59_tags_keep_their_ids(folder):
    data = read_ccp(folder, class_map("ccp-59"))
    assert data.labels == CCP
    assert (data.samples[0].load()[1] == MASK).all()


def test_what_is_missing_or_broken(folder):
    annotations = folder / "annotations" / "pixel-level"
    write_mat(annotations / "0003.mat", MASK)
    write_mat(annotations / "0001.mat", MASK[:-1])
    (annotations / "0002.mat").write_bytes(b"torn")
    data = read_ccp(folder)
    assert [item.id for item in data.skipped] == ["0003"]
    with pytest.raises(DatasetError, match="make the two the same size"):
        data.samples[0].load()
    with pytest.raises(DatasetError, match="no readable 'groundtruth'"):
        data.samples[1].load()
    write_mat(annotations / "0001.mat", np.full((HEIGHT, WIDTH), 59, np.uint8))
    with pytest.raises(DatasetError, match="class id 59, but the data's classes end at 58"):
        data.samples[0].load()


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(DatasetError, match=r"label_list.mat' is missing"):
        read_ccp(tmp_path)


@pytest.mark.shared
def test_the_real_one(shared_data):
    data = read_ccp(shared_data / "ccp", class_map("ccp-59"))
    assert len(data.samples) == 854
    assert data.skipped == ()
    image, mask = data.samples[0].load()
    assert image.shape[:2] == mask.shape
    assert {CCP[k - 1] for k in np.unique(mask) if k} == {
        *("dress", "hair", "jacket", "pumps", "skin", "socks")
    }


@pytest.mark.parametrize("content", [b"torn", {"other": 1}])
def test_a_broken_list_of_tags_is_named(folder, content):
    path = folder / "label_list.mat"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        savemat(path, content)
    with pytest.raises(DatasetError, match=r"label_list\.mat' has no readable 'label_list'"):
        read_ccp(folder)
