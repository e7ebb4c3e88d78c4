"""CFPD's HDF5 file: transposed, superpixels from 0, classes from 1."""

import h5py
import numpy as np
import pytest

from hemline.datasets.classes.class_lists import class_map
from hemline.datasets.classes.vocabularies import CFPD
from hemline.datasets.readers.cfpd import read_cfpd
from hemline.errors import DatasetError
from tests.datasets.files import write_photo

HEIGHT, WIDTH = 30, 20
CELLS = 5  # superpixels of 5 x 5 px


def superpixels():
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] // CELLS
    return rows * (WIDTH // CELLS) + columns


COUNT = int(superpixels().max()) + 1
NUMBERS = np.arange(COUNT) % 23 + 1


def codes(text):
    return np.array([[ord(letter)] for letter in text], dtype=np.uint16)


def write_mat(path, records):
    """MATLAB 7.3: cells are references into #refs#, arrays are transposed, text is codes."""
    with h5py.File(path, "w") as file:
        refs = file.create_group("#refs#")
        names = []
        for k, name in enumerate(("bk", *CFPD)):
            names.append(refs.create_dataset(f"n{k}", data=codes(name)).ref)
        cells = []
        for k, (name, segmentation, numbers) in enumerate(records):
            group = refs.create_group(f"r{k}")
            group["img_name"] = codes(name)
            group["segmentation"] = segmentation.T.astype(np.float32)
            group["category_label"] = np.asarray(numbers, dtype=np.float64)[None]
            group["color_label"] = np.ones((1, len(numbers)))
            cells.append(group.ref)
        for key, references in (
            ("all_category_name", [names]),
            ("fashion_dataset", [[cell] for cell in cells]),
        ):
            file.create_dataset(key, data=np.array(references, dtype=h5py.ref_dtype))


@pytest.fixture
def folder(tmp_path):
    write_mat(
        tmp_path / "fashon_parsing_data.mat",
        [
            ("0001.jpg", superpixels(), NUMBERS),
            ("0002.jpg", superpixels(), NUMBERS[::-1]),
            ("gone.jpg", superpixels(), NUMBERS),
        ],
    )
    for name in ("0001", "0002"):
        write_photo(tmp_path / "image" / f"{name}.jpg", HEIGHT, WIDTH)
    return tmp_path


def test_classes_of_superpixels_upright(folder):
    data = read_cfpd(folder, class_map("cfpd-23"))
    assert [sample.id for sample in data.samples] == ["0001", "0002"]
    assert data.labels == CFPD
    assert [item.id for item in data.skipped] == ["gone"]
    image, mask = data.samples[0].load()
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert (mask == (NUMBERS - 1)[superpixels()]).all()
    assert (data.samples[1].load()[1] == (NUMBERS[::-1] - 1)[superpixels()]).all()


def test_garment(folder):
    mask = read_cfpd(folder).samples[0].load()[1]
    body_and_carried = ["bk", "bag", "face", "hair", "skin", "sunglass"]
    names = np.array(["bk", *CFPD])[(NUMBERS - 1)[superpixels()]]
    assert (mask == ~np.isin(names, body_and_carried)).all()


@pytest.mark.parametrize(
    ("segmentation", "numbers", "problem"),
    [
        (superpixels() + 1, NUMBERS, "superpixel without a class"),
        (superpixels() - 1, NUMBERS, "superpixel without a class"),
        (superpixels() + 0.5, NUMBERS, "superpixel without a class"),
        (superpixels(), NUMBERS - 1, "class number that is not an integer"),
        (superpixels(), NUMBERS + 0.5, "class number that is not an integer"),
        (superpixels(), NUMBERS + 23, "class id 4[0-9], but the data's classes end at 22"),
        (superpixels().T, NUMBERS, "make the two the same size"),
    ],
)
def test_a_record_that_cannot_be(tmp_path, segmentation, numbers, problem):
    write_mat(tmp_path / "x.mat", [("0001.jpg", segmentation, numbers)])
    write_photo(tmp_path / "0001.jpg", HEIGHT, WIDTH)
    (sample,) = read_cfpd(tmp_path).samples
    with pytest.raises(DatasetError, match=problem):
        sample.load()


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(DatasetError, match=r"has no .mat file"):
        read_cfpd(tmp_path)
    (tmp_path / "x.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(DatasetError, match="is not CFPD's HDF5 file"):
        read_cfpd(tmp_path)
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file["other"] = 1
    with pytest.raises(DatasetError, match="is not CFPD's HDF5 file"):
        read_cfpd(tmp_path)


@pytest.mark.shared
def test_the_published_categories(shared_data):
    lines = (shared_data / "samples" / "cfpd" / "categories.tsv").read_text().splitlines()[1:]
    assert [line.split("\t")[1] for line in lines] == ["bk", *CFPD]
