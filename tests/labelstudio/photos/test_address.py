"""Which addresses a photo may be fetched from."""

import pytest

from hemline.errors import ImageError
from hemline.labelstudio.photos.address import (
    LabelStudioAddress,
    StorageAddress,
    WebAddress,
    parse_photo_address,
)
from hemline.settings import Settings

SETTINGS = Settings(
    label_studio_url="http://labels:8080",
    label_studio_public_url="https://labels.example.com/studio",
    image_hosts=("photos.example.com", "127.0.0.1:9000", "[::1]:9000"),
)


@pytest.mark.parametrize(
    ("url", "path", "name"),
    [
        ("/data/upload/1/ab-dress.jpg", "/data/upload/1/ab-dress.jpg", "ab-dress.jpg"),
        ("/data/upload/1/a%20b.jpg", "/data/upload/1/a%20b.jpg", "a b.jpg"),
        ("/data/local-files/?d=set/d.jpg", "/data/local-files/?d=set/d.jpg", "d.jpg"),
        ("/data/local-files/?d=set%2Fd.jpg", "/data/local-files/?d=set%2Fd.jpg", "d.jpg"),
        ("http://labels:8080/data/upload/1/x.png", "/data/upload/1/x.png", "x.png"),
        ("https://labels.example.com/studio/data/upload/x.png", "/data/upload/x.png", "x.png"),
        ("HTTP://Labels:8080/data/upload/1/x.png", "/data/upload/1/x.png", "x.png"),
        (
            "/storage-data/uploaded/?filepath=1/x.png",
            "/storage-data/uploaded/?filepath=1/x.png",
            "x.png",
        ),
    ],
)
def test_label_studios_own(url: str, path: str, name: str) -> None:
    assert parse_photo_address(url, SETTINGS) == LabelStudioAddress(path, name)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://photos.example.com/a/b.jpg?size=1", "b.jpg"),
        ("https://photos.example.com:443/b.jpg", "b.jpg"),
        ("http://PHOTOS.example.com/b.jpg", "b.jpg"),
        ("http://127.0.0.1:9000/b%20c.jpg", "b c.jpg"),
        ("http://[::1]:9000/b.jpg", "b.jpg"),
    ],
)
def test_listed_hosts(url: str, name: str) -> None:
    assert parse_photo_address(url, SETTINGS) == WebAddress(url, name)


@pytest.mark.parametrize("scheme", ["s3", "gs", "azure-blob"])
def test_cloud_storage(scheme: str) -> None:
    url = f"{scheme}://bucket/folder/x.jpg"
    assert parse_photo_address(url, SETTINGS) == StorageAddress(url, "x.jpg")


@pytest.mark.parametrize("name", ["look#2.jpg", "what?.jpg", "50%.jpg", "a b.jpg", "a\u00a0b.jpg"])
def test_any_letter_may_be_in_a_storages_key(name: str) -> None:
    assert parse_photo_address(f"s3://bucket/k/{name}", SETTINGS).name == name


@pytest.mark.parametrize("letter", ["\u200c", "\u200d", "\u0301", "\ufeff", "\u00e9", "\u3042"])
@pytest.mark.parametrize("base", ["s3://bucket", "https://photos.example.com", "/data/upload/1"])
def test_names_in_any_script(base: str, letter: str) -> None:
    url = f"{base}/a{letter}b.jpg"
    assert parse_photo_address(url, SETTINGS).name == f"a{letter}b.jpg"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "only http"),
        ("FILE:///etc/passwd", "only http"),
        ("data:image/png;base64,AAAA", "only http"),
        ("ftp://photos.example.com/x.jpg", "only http"),
        ("gopher://127.0.0.1:9000/x", "only http"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 to HEMLINE_IMAGE_HOSTS"),
        ("http://127.0.0.1:9001/x.jpg", "127.0.0.1:9001 to HEMLINE_IMAGE_HOSTS"),
        ("http://127.0.0.1/x.jpg", "HEMLINE_IMAGE_HOSTS"),
        ("https://photos.example.com:8443/x.jpg", "HEMLINE_IMAGE_HOSTS"),
        ("https://photos.example.com.evil.org/x.jpg", "HEMLINE_IMAGE_HOSTS"),
        ("https://evilphotos.example.com/x.jpg", "HEMLINE_IMAGE_HOSTS"),
        ("https://photos.example.com@evil.org/x.jpg", "user name"),
        ("https://me:pass@photos.example.com/x.jpg", "user name"),
        ("//evil.org/x.jpg", "only http"),
        ("http:///x.jpg", "HEMLINE_IMAGE_HOSTS"),
        ("http://labels:8080/api/projects/", "/data/upload/"),
        ("http://labels:8081/data/upload/1/x.jpg", "HEMLINE_IMAGE_HOSTS"),
        ("http://labels/data/upload/1/x.jpg", "HEMLINE_IMAGE_HOSTS"),
        ("https://labels.example.com/data/upload/x.png", "HEMLINE_IMAGE_HOSTS"),
        ("/api/current-user/token", "/data/upload/"),
        ("/data/uploads-elsewhere/x.jpg", "/data/upload/"),
        ("etc/passwd", "/data/upload/"),
        ("/data/upload/../../etc/passwd", "'..'"),
        ("/data/upload/%2e%2e/%2e%2e/api/x", "'..'"),
        ("/data/upload/%252e%252e/api/x", "'..'"),
        ("/data/upload/1/..%2f..%2fapi/x", "'..'"),
        ("/data/upload/1/..%5c..%5capi/x", "'..'"),
        ("/data/local-files/?d=../secret.jpg", "'..'"),
        ("/data/local-files/?d=set/%2e%2e/%2e%2e/secret.jpg", "'..'"),
        ("/data/local-files/?d=set/%252e%252e/secret.jpg", "'..'"),
        ("/data/local-files/?d=a.jpg&d=../b.jpg", "does not name one file"),
        ("/data/local-files/", "does not name one file"),
        ("http://labels:8080/data/upload/../../api/projects", "'..'"),
        ("s3://bucket/../other/x.jpg", "'..'"),
        ("https://photos.example.com/../x.jpg", "'..'"),
        ("", "empty"),
        (" /data/upload/x.jpg", "whitespace"),
        ("s3://bucket/x.jpg\n", "whitespace"),
        ("s3://bucket/a\nb.jpg", "line break"),
        ("s3://bucket/a\u2028b.jpg", "line break"),
        ("s3://bucket/a\x00b.jpg", "control"),
        ("s3://bucket/a#/../../x.jpg", "'..'"),
        ("/data/upload/x.jpg\r\nHost: evil", "control"),
        ("http:\\\\photos.example.com\\x.jpg", "backslash"),
        ("http://[::1/x.jpg", "cannot be read"),
        ("http://photos.example.com:99999/x.jpg", "cannot be read"),
    ],
)
def test_refused(url: str, reason: str) -> None:
    with pytest.raises(ImageError, match=reason.replace(".", r"\.")):
        parse_photo_address(url, SETTINGS)


def test_a_signature_is_not_shown() -> None:
    with pytest.raises(ImageError) as caught:
        parse_photo_address("https://evil.org/x.jpg?X-Amz-Signature=secret", SETTINGS)
    assert "secret" not in str(caught.value)
