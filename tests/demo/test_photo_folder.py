"""A folder of photos as tasks."""

from pathlib import Path

import pytest

from hemline.demo.photo_folder import open_photo_folder
from hemline.errors import HemlineError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"photo")
    return folder


def test_photos_of_a_folder_and_its_subfolders(tmp_path: Path) -> None:
    folder = make(
        tmp_path / "my photos",
        "dress 1_Front.JPG",
        "coats/coat_Back.png",
        "notes.txt",
        ".trash/old.jpg",
        ".hidden.jpg",
    )

    opened = open_photo_folder(folder, tmp_path / "served")

    [link] = (tmp_path / "served").iterdir()
    name = link.name.replace(" ", "%20")
    assert [task["data"] for task in opened.tasks()] == [
        {
            "image": f"/data/local-files/?d={name}/coats/coat_Back.png",
            "garment": "coats/coat",
            "view": "Back",
        },
        {
            "image": f"/data/local-files/?d={name}/dress%201_Front.JPG",
            "garment": "dress 1",
            "view": "Front",
        },
    ]
    assert (link / "coats" / "coat_Back.png").read_bytes() == b"photo"


def test_a_folder_below_the_files_root_needs_no_link(tmp_path: Path) -> None:
    folder = make(tmp_path / "served" / "samples" / "images", "a.jpg")
    opened = open_photo_folder(folder, tmp_path / "served")
    assert opened.served == folder
    assert opened.tasks()[0]["data"]["image"] == "/data/local-files/?d=samples/images/a.jpg"


def test_two_folders_of_one_name(tmp_path: Path) -> None:
    first = open_photo_folder(make(tmp_path / "a" / "photos", "x.jpg"), tmp_path / "served")
    second = open_photo_folder(make(tmp_path / "b" / "photos", "x.jpg"), tmp_path / "served")
    assert first.served != second.served
    assert first.served.resolve() == tmp_path / "a" / "photos"


def test_the_digest_tells_of_new_photos(tmp_path: Path) -> None:
    folder = make(tmp_path / "photos", "a.jpg")
    first = open_photo_folder(folder, tmp_path / "served")
    again = open_photo_folder(folder, tmp_path / "served")
    assert again == first
    make(folder, "b.jpg")
    more = open_photo_folder(folder, tmp_path / "served")
    assert more.digest != first.digest
    assert more.served == first.served


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(HemlineError, match=f"there is no folder {tmp_path / 'nothing'}"):
        open_photo_folder(tmp_path / "nothing", tmp_path / "served")


def test_no_photos(tmp_path: Path) -> None:
    with pytest.raises(HemlineError, match="there are no photos in"):
        open_photo_folder(make(tmp_path / "photos", "x.txt"), tmp_path / "served")


def test_a_link_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    folder = make(tmp_path / "photos", "a.jpg")
    (folder / "again").symlink_to(folder)
    assert len(open_photo_folder(folder, tmp_path / "served").photos) == 1


def test_photos_that_no_browser_shows_are_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "photos", "a.JPEG", "b.jfif", "c.avif", "d.TIF", "e.heic", "f.txt")
    opened = open_photo_folder(folder, tmp_path / "served")
    assert [str(photo) for photo in opened.photos] == ["a.JPEG", "b.jfif", "c.avif"]
    assert "2 photos are left out" in opened.warning
    assert "d.TIF, e.heic" in opened.warning


def test_a_folder_of_photos_that_no_browser_shows(tmp_path: Path) -> None:
    folder = make(tmp_path / "photos", "d.TIF")
    with pytest.raises(HemlineError, match=r"d\.TIF: convert to JPEG"):
        open_photo_folder(folder, tmp_path / "served")
