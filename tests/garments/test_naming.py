"""Garments by address: views together, garments apart, whatever serves the photos."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.garments.naming import (
    garment_and_view_of_file,
    garment_and_view_of_task,
)

ONE_GARMENT = [
    ("/data/upload/4/1f2e3d4c-parka7_Front.jpg", "/data/upload/4/99999999-parka7_Back.png"),
    (
        "http://labels:8080/ls/data/upload/4/1f2e3d4c-parka7_Front.jpg",
        "/data/upload/12/00aa00aa-parka7_Detail.jpg",
    ),
    ("/data/local-files/?d=in/parka7_Front.jpg", "/data/local-files/?d=in%2Fparka7_Left.jpg"),
    (
        "/storage-data/uploaded/?filepath=4/1f2e3d4c-parka7_Front.jpg",
        "/storage-data/uploaded/?filepath=upload/4/2f2e3d4c-parka7_Side.jpg",
    ),
    ("s3://b/style-88/front.jpg", "s3://b/style-88/BACK_RIGHT.jpg"),
    ("gs://b/style-88/front/original.jpg", "gs://b/style-88/back/original.jpg"),
    ("s3://b/front/0815.jpg", "s3://b/back/0815.jpg"),
    ("s3://b/front views/0815.jpg", "s3://b/back views/0815.jpg"),
    ("s3://b/style-88/1.jpg", "s3://b/style-88/image_2.jpg"),
    ("https://img.shop/9/photo?sku=88&view=front", "https://img.shop/9/photo?view=back&sku=88"),
    ("https://img.shop/get.php?id=parka7_Front.jpg", "https://img.shop/get.php?id=parka7_Back.jpg"),
    ("https://img.shop/parka7_Front_1024x1024.jpg?v=3", "https://img.shop/parka7_Back_800x.jpg"),
    ("https://img.shop/parka7-front-300x450.jpg", "https://img.shop/parka7-back-scaled.jpg"),
    ("https://img.shop/parka7_Front@2x.jpg", "https://img.shop/parka7_Front_large.jpg"),
    ("https://img.shop/w_300,h_400/v171/88/front.jpg", "https://img.shop/w_90/v172/88/back.jpg"),
    (
        "https://img.shop/_next/image?url=%2Fi%2Fparka7_Front.jpg&w=64",
        "https://img.shop/_next/image?url=%2Fi%2Fparka7_Back.jpg&w=640",
    ),
    ("s3://b/n%C3%A9gligé_Front.jpg", "s3://b/ne\u0301glige\u0301_Back.jpg"),
    ("s3://b/parka7_Front_2.jpg", "s3://b/parka7_Back (3).jpg"),
    ("s3://b/parka7front.jpg", "s3://b/parka7 back-left.jpg"),
    ("s3://b/front_parka7.jpg", "s3://b/back_parka7.jpg"),
]
TWO_GARMENTS = [
    ("/data/upload/4/1f2e3d4c-parka7_Front.jpg", "/data/upload/4/1f2e3d4c-parka8_Front.jpg"),
    ("/data/upload/4/1f2e3d4c-front.jpg", "/data/upload/4/2f2e3d4c-front.jpg"),
    ("/data/local-files/?d=style-88/front.jpg", "/data/local-files/?d=style-89/front.jpg"),
    ("/data/local-files/?d=12345678-front.jpg", "/data/local-files/?d=12345679-front.jpg"),
    (
        "/storage-data/uploaded/?filepath=style-88/front.jpg",
        "/storage-data/uploaded/?filepath=style-89/front.jpg",
    ),
    ("s3://b/look#1_Front.jpg", "s3://b/look#2_Front.jpg"),
    ("s3://b/look?1_Front.jpg", "s3://b/look?2_Front.jpg"),
    ("azure-blob://b/style-88/front.jpg", "azure-blob://b/style-89/front.jpg"),
    ("s3://b/style-88/1.jpg", "s3://b/style-89/1.jpg"),
    ("s3://b/style-88/dress_front.jpg", "s3://b/style-89/dress_front.jpg"),
    ("s3://b/spring/0815.jpg", "s3://b/autumn/0815.jpg"),
    ("s3://b/ab_12/front.jpg", "s3://b/ab_13/front.jpg"),
    ("s3://b/w12/front.jpg", "s3://b/w13/front.jpg"),
    ("s3://b/coats/12/front.jpg", "s3://b/shirts/12/front.jpg"),
    ("s3://b/low-back-dress/original.jpg", "s3://b/zip-front-dress/original.jpg"),
    ("s3://b/side-zip-dress.jpg", "s3://b/front-zip-dress.jpg"),
    ("https://img.shop/p/88/original.jpg", "https://img.shop/p/89/original.jpg"),
    ("https://img.shop/p/88/large.jpg?w=3", "https://img.shop/p/89/large.jpg?w=3"),
    ("https://img.shop/p/88/images/main_800x600.jpg", "https://img.shop/p/89/images/main.jpg"),
    ("https://img.shop/88/download", "https://img.shop/89/download"),
    ("https://img.shop/get?id=88", "https://img.shop/get?id=89"),
    ("https://img.shop/get?n=88&w=3", "https://img.shop/get?n=89&w=3"),
    ("https://img.shop/image.jpg?id=88", "https://img.shop/image.jpg?id=89"),
    ("https://img.shop/look#1.jpg", "https://img.shop/look#2.jpg"),
    ("s3://b/\u0646\u200c\u062a_Front.jpg", "s3://b/\u0646\u062a_Front.jpg"),
    ("https://img.shop/IMG_0001.jpg", "https://img.shop/IMG_0002.jpg"),
    ("3f2504e0-4f89-11d3-9a0c-0305e82c3301.jpg", "4f2504e0-4f89-11d3-9a0c-0305e82c3301.jpg"),
]


@pytest.mark.parametrize(("one", "other"), ONE_GARMENT)
def test_views_of_one_garment(one, other):
    assert garment_and_view_of_task({}, one)[0] == garment_and_view_of_task({}, other)[0] != ""


@pytest.mark.parametrize(("one", "other"), TWO_GARMENTS)
def test_two_garments(one, other):
    garments = {garment_and_view_of_task({}, one)[0], garment_and_view_of_task({}, other)[0]}
    assert len(garments) == 2
    assert "" not in garments


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://[",
        "https://img.shop/",
        "https://img.shop/original.jpg",
        "data:image/png;base64,A",
        "https://img.shop/2026/03/01/front.jpg",
        "https://img.shop/get?token=abc",
    ],
)
def test_an_address_that_names_no_garment(address):
    assert garment_and_view_of_task({}, address)[0] == ""


def test_what_label_studios_proxy_opens():
    # s3://b/parka7_Front.jpg in base 64
    address = "/tasks/5/presign/?fileuri=czM6Ly9iL3BhcmthN19Gcm9udC5qcGc="
    assert garment_and_view_of_task({}, address) == ("parka7", "Front")


@pytest.mark.parametrize(
    ("file", "garment", "view"),
    [
        ("0042.jpg", "0042", ""),
        ("a_Front", "a", "Front"),
        ("a_FrontLeft.png", "a", "FrontLeft"),
        ("a_b_back", "a_b", "back"),
        ("a-Front", "a", "Front"),
        ("_Front", "_Front", "Front"),
        ("front.jpg", "front", "front"),
        ("0a1b2c3d-a_Front.jpg", "a", "Front"),
        ("20260301-a_Front.jpg", "20260301-a", "Front"),
        ("sub/1.2_Front.jpg", "1.2", "Front"),
        ("sub/1_Front.jpg", "sub/1", "Front"),
    ],
)
def test_garments_of_files(file, garment, view):
    assert garment_and_view_of_file(file) == (garment, view)


def test_the_tasks_own_fields_come_first():
    data = {"garment": 7, "view": "hem"}
    assert garment_and_view_of_task(data, "s3://b/parka7_Front.jpg") == ("7", "hem")
    assert garment_and_view_of_task({"garment": ""}, "s3://b/parka7_Front.jpg")[0] == "parka7"


GARMENTS = st.from_regex(r"[a-z]{2,8}[0-9]{1,6}", fullmatch=True)
VIEWS = st.sampled_from(["Front", "back", "FrontRight", "Side", "detail"])
PLACES = st.sampled_from(
    [
        "/data/upload/3/%s",
        "/data/local-files/?d=x/%s",
        "s3://b/x/%s",
        "https://h/photos/%s?v=2",
        "%s",
    ]
)
MARKS = st.from_regex(r"[0-9a-f]{8}-", fullmatch=True)


@given(GARMENTS, GARMENTS, VIEWS, VIEWS, PLACES, MARKS, MARKS)
def test_garment_view_is_read_wherever_it_lies(one, other, first, second, place, mark, mark2):
    mark, mark2 = (mark, mark2) if "upload" in place else ("", "")
    names = [place % f"{mark}{one}_{first}.jpg", place % f"{mark2}{other}_{second}.jpg"]
    assert [garment_and_view_of_task({}, name) for name in names] == [(one, first), (other, second)]


@given(st.text(max_size=60))
def test_any_text_is_read_or_names_nothing(text):
    for address in (text, f"https://h/{text}", f"s3://b/{text}", f"/data/local-files/?d={text}"):
        assert garment_and_view_of_task({}, address) == garment_and_view_of_task({}, address)
