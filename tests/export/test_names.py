"""File names: safe everywhere, unique, and the same next time."""

import re

from hypothesis import given
from hypothesis import strategies as st

from hemline.export.names import safe_stem, safe_suffix, unique_names


@given(st.lists(st.text(max_size=30)))
def test_names_are_unique_and_safe_whatever_people_call_their_photos(stems: list[str]) -> None:
    addresses = [(number, f"/data/upload/1/{stem}") for number, stem in enumerate(stems)]
    names = unique_names(addresses)
    assert len({name.lower() for name in names.values()}) == len(stems)
    assert all(re.fullmatch(r"[^\W.][\w.-]*|-[\w.-]*", name) for name in names.values())
    assert unique_names(addresses[: len(stems) // 2]).items() <= names.items()


def test_numbers_pass_over_names_that_are_taken() -> None:
    urls = ["/a/D1.jpg", "/b/D1_2.jpg", "/c/D1.png", "/d/d1.PNG"]
    assert list(unique_names(enumerate(urls)).values()) == ["D1", "D1_2", "D1_3", "d1_4"]


def test_stems() -> None:
    assert safe_stem("/data/upload/7/0a1b2c3d-D1_Front.jpg") == "D1_Front"
    assert safe_stem("https://shop.example/a/D1%20Front.jpg?x=1") == "D1_Front"
    assert safe_stem("s3://bucket/../../etc/passwd") == "passwd"
    assert safe_stem("/data/local-files/?d=..%5C..%5Cboot.ini") == "boot"
    assert safe_stem("/a/CON.jpg") == "_CON"
    assert safe_stem("/a/" + "x" * 300 + ".jpg") == "x" * 100
    assert safe_stem("http://[broken") == ""
    assert unique_names([(3, "")]) == {3: "task-3"}


def test_suffixes() -> None:
    assert safe_suffix("/data/local-files/?d=shop/x.png") == ".png"
    assert safe_suffix("https://shop.example/x.webp?sig=a.b") == ".webp"
    assert safe_suffix("s3://bucket/x") == ".jpg"
