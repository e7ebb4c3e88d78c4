"""Photos below a folder, by name."""

from hemline.datasets.photo_folder import PhotoFolder
from tests.datasets.files import write_photo


def test_photos_are_found_anywhere_below_by_name(tmp_path):
    deep = write_photo(tmp_path / "a" / "b" / "1.jpg", 4, 4)
    write_photo(tmp_path / "a" / "2.JPG", 4, 4)
    (tmp_path / "a" / "1.txt").touch()
    photos = PhotoFolder(tmp_path)
    assert photos.find("1.jpg") == deep
    assert photos.find("elsewhere/1.jpg") == deep
    assert photos.find("2.JPG") == tmp_path / "a" / "2.JPG"
    assert photos.find("1.txt") is None
    assert photos.find("3.jpg") is None


def test_of_two_the_one_whose_folder_is_named(tmp_path):
    for folder in ("train", "test"):
        write_photo(tmp_path / folder / "1.jpg", 4, 4)
    photos = PhotoFolder(tmp_path)
    assert photos.find("1.jpg") is None
    assert photos.find("train/1.jpg") == tmp_path / "train" / "1.jpg"
    assert photos.find("val/1.jpg") is None


def test_links_are_followed_once(tmp_path):
    write_photo(tmp_path / "disk" / "1.jpg", 4, 4)
    root = tmp_path / "data"
    root.mkdir()
    (root / "photos").symlink_to(tmp_path / "disk", target_is_directory=True)
    (root / "again").symlink_to(root, target_is_directory=True)
    assert PhotoFolder(root).find("1.jpg") == root / "photos" / "1.jpg"
