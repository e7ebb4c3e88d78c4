"""Fetching photos over real HTTP: hosts, redirects, limits and what is kept."""

import dataclasses
import os
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from hemline.errors import ImageError, LabelStudioUnavailable, PhotoUnavailable
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.photos import web as web_photos
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.server import LabelStudioServer
from hemline.settings import Settings
from hemline.system.ports import pick_free_port
from tests.labelstudio.web_server import WebServer, redirects, sends
from tests.plugins.label_studio_user import LabelStudioUser

TOKEN = "ab" * 20


def fetcher(home: Path, label_studio: str, **settings: object) -> PhotoFetcher:
    made = Settings(home=home, label_studio_url=label_studio, **settings)  # type: ignore[arg-type]
    return PhotoFetcher(made, lambda: LabelStudioClient(label_studio, TOKEN, timeout_s=5))


# A stand-in for Label Studio where the real one does not misbehave on demand.


def test_an_upload_is_fetched_once_and_kept(tmp_path: Path, web: WebServer) -> None:
    web.answers["/data/upload/1/a.jpg"] = sends(b"photo")
    photos = fetcher(tmp_path, web.url)

    for _ in range(2):
        photo = photos.fetch("/data/upload/1/a.jpg")
        assert (photo.data, photo.name) == (b"photo", "a.jpg")
        assert photo.digest == sha256(b"photo").hexdigest()
    assert web.requests == ["/data/upload/1/a.jpg"]
    assert web.headers[0]["Authorization"] == f"Token {TOKEN}"


def test_a_replaced_local_file_is_noticed(tmp_path: Path, web: WebServer) -> None:
    path = "/data/local-files/?d=set/a.jpg"
    versions = {"1": b"first", "2": b"second"}
    current = "1"

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["If-None-Match"] == current:
            sends(b"", 304, ETag=current)(handler)
        else:
            sends(versions[current], ETag=current)(handler)

    web.answers[path] = answer
    photos = fetcher(tmp_path, web.url)

    assert photos.fetch(path).data == b"first"
    assert photos.fetch(path).data == b"first"
    current = "2"
    assert photos.fetch(path).data == b"second"
    assert len(web.requests) == 3


def test_a_missing_photo(tmp_path: Path, web: WebServer) -> None:
    with pytest.raises(
        ImageError, match=r"'gone\.jpg' cannot be fetched: Label Studio answered 404"
    ):
        fetcher(tmp_path, web.url).fetch("/data/upload/1/gone.jpg")


def test_a_token_that_is_refused_is_not_the_photos_fault(tmp_path: Path, web: WebServer) -> None:
    web.answers["/data/upload/1/a.jpg"] = sends(b"{}", 401)
    with pytest.raises(LabelStudioRefused, match="LABEL_STUDIO_API_KEY"):
        fetcher(tmp_path, web.url).fetch("/data/upload/1/a.jpg")


def test_label_studio_gone_while_the_cache_is_warm(tmp_path: Path, web: WebServer) -> None:
    web.answers["/data/upload/1/a.jpg"] = sends(b"photo")
    photos = fetcher(tmp_path, web.url)
    photos.fetch("/data/upload/1/a.jpg")
    web.answers["/data/upload/1/a.jpg"] = sends(b"", 503)

    assert photos.fetch("/data/upload/1/a.jpg").data == b"photo"


def test_label_studio_gone(tmp_path: Path) -> None:
    with pytest.raises(LabelStudioUnavailable):
        fetcher(tmp_path, f"http://127.0.0.1:{pick_free_port()}").fetch("/data/upload/1/a.jpg")


def test_label_studio_breaks_off(tmp_path: Path, web: WebServer) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")

    web.answers["/data/upload/1/a.jpg"] = answer
    photos = fetcher(tmp_path, web.url)
    with pytest.raises(PhotoUnavailable, match=r"a\.jpg.*broke off") as caught:
        photos.fetch("/data/upload/1/a.jpg")
    assert caught.value.no_answer
    web.answers["/data/upload/1/a.jpg"] = sends(b"whole")
    assert photos.fetch("/data/upload/1/a.jpg").data == b"whole"


@pytest.mark.parametrize("announced", [True, False])
def test_a_photo_over_the_limit_is_not_read_to_its_end(
    tmp_path: Path, web: WebServer, announced: bool
) -> None:
    sent = 0

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        try:
            while sent < 10**9:
                sent += handler.wfile.write(b"0" * 65536)
        except OSError:
            pass

    web.answers["/x.jpg"] = answer
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,), max_image_bytes=10**6)

    with pytest.raises(ImageError, match=r"'x\.jpg' is larger than 1000000 bytes"):
        photos.fetch(f"{web.url}/x.jpg")
    assert sent < 10**8


def test_exactly_the_limit(tmp_path: Path, web: WebServer) -> None:
    web.answers["/x.jpg"] = sends(b"0" * 1000)
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,), max_image_bytes=1000)
    assert len(photos.fetch(f"{web.url}/x.jpg").data) == 1000


def test_a_compressed_body_is_refused(tmp_path: Path, web: WebServer) -> None:
    web.answers["/x.jpg"] = sends(b"\x1f\x8b", Content_Encoding="gzip")
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,))
    with pytest.raises(ImageError, match="content encoding 'gzip'"):
        photos.fetch(f"{web.url}/x.jpg")


@pytest.mark.parametrize("drips", [True, False])
def test_a_slow_photo_is_given_up(tmp_path: Path, web: WebServer, drips: bool) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(600):
                if drips:
                    handler.wfile.write(b"0")
                time.sleep(0.05)
        except OSError:
            pass

    web.answers["/x.jpg"] = answer
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,), image_timeout_s=0.3)
    with pytest.raises(ImageError, match="raise HEMLINE_IMAGE_TIMEOUT_S"):
        photos.fetch(f"{web.url}/x.jpg")


def test_a_listed_host_is_asked_without_our_token(tmp_path: Path, web: WebServer) -> None:
    web.answers["/x.jpg"] = sends(b"photo")
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,))
    assert photos.fetch(f"{web.url}/x.jpg").data == b"photo"
    assert "Authorization" not in web.headers[0]


def test_a_host_that_is_not_listed_is_not_asked(tmp_path: Path, web: WebServer) -> None:
    with pytest.raises(ImageError, match=f"add {web.host} to HEMLINE_IMAGE_HOSTS"):
        fetcher(tmp_path, "http://labels").fetch(f"{web.url}/x.jpg")
    assert web.requests == []


def test_a_redirect_to_a_host_that_is_not_listed(
    tmp_path: Path, web: WebServer, other_web: WebServer
) -> None:
    other_web.answers["/secret"] = sends(b"secret")
    web.answers["/x.jpg"] = redirects(f"{other_web.url}/secret")
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,))
    with pytest.raises(ImageError, match=f"add {other_web.host}"):
        photos.fetch(f"{web.url}/x.jpg")
    assert other_web.requests == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://169.254.169.254/", "//x/y"])
def test_a_redirect_to_what_is_never_allowed(tmp_path: Path, web: WebServer, location: str) -> None:
    web.answers["/x.jpg"] = redirects(location)
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,))
    with pytest.raises(ImageError, match="not allowed"):
        photos.fetch(f"{web.url}/x.jpg")


def test_a_redirect_to_a_listed_host(tmp_path: Path, web: WebServer, other_web: WebServer) -> None:
    other_web.answers["/y.jpg"] = sends(b"photo")
    web.answers["/x.jpg"] = redirects(f"{other_web.url}/y.jpg")
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host, other_web.host))
    assert photos.fetch(f"{web.url}/x.jpg").data == b"photo"


def test_a_redirect_without_end(tmp_path: Path, web: WebServer) -> None:
    web.answers["/x.jpg"] = redirects("/x.jpg")
    photos = fetcher(tmp_path, "http://labels", image_hosts=(web.host,))
    with pytest.raises(ImageError, match="redirects more than 5 times"):
        photos.fetch(f"{web.url}/x.jpg")


# Cloud storage: Label Studio redirects to an address that it has signed.

PRESIGN = "/tasks/7/presign/?fileuri=czM6Ly9iL3guanBn"  # s3://b/x.jpg


def test_storage_without_a_task(tmp_path: Path, web: WebServer) -> None:
    with pytest.raises(ImageError, match="only for a task"):
        fetcher(tmp_path, web.url).fetch("s3://b/x.jpg")


def test_storage_that_label_studio_proxies(tmp_path: Path, web: WebServer) -> None:
    web.answers[PRESIGN] = sends(b"photo")
    assert fetcher(tmp_path, web.url).fetch("s3://b/x.jpg", task_id=7).data == b"photo"


def test_storage_at_a_private_address(tmp_path: Path, web: WebServer, other_web: WebServer) -> None:
    other_web.answers["/x.jpg?sig=1"] = sends(b"photo")
    web.answers[PRESIGN] = redirects(f"{other_web.url}/x.jpg?sig=1")

    with pytest.raises(ImageError, match=r"has the private address 127\.0\.0\.1"):
        fetcher(tmp_path, web.url).fetch("s3://b/x.jpg", task_id=7)
    assert other_web.requests == []
    photos = fetcher(tmp_path, web.url, image_hosts=(other_web.host,))
    assert photos.fetch("s3://b/x.jpg", task_id=7).data == b"photo"
    assert "Authorization" not in other_web.headers[0]


def test_storage_at_a_public_address_is_asked_at_the_address_that_was_judged(
    tmp_path: Path, web: WebServer, other_web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_web.answers["/x.jpg"] = sends(b"photo")
    port = other_web.host.partition(":")[2]
    web.answers[PRESIGN] = redirects(f"http://bucket.example.com:{port}/x.jpg")
    # No public host is there in a test: this one is taken for public.
    monkeypatch.setattr(web_photos, "_public_address", lambda host, port: "127.0.0.1")

    assert fetcher(tmp_path, web.url).fetch("s3://b/x.jpg", task_id=7).data == b"photo"
    assert other_web.headers[0]["Host"] == f"bucket.example.com:{port}"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "224.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::10.0.0.1",
        "64:ff9b:1:2::192.168.0.1",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2002:a9fe:a9fe::1",
        "::127.0.0.1",
        "::169.254.169.254",
        "::ffff:0:10.0.0.1",
        "2001:0:7f00:1::",
        "2001:0:808:808::f5ff:fffe",
        "2600::5efe:10.0.0.1",
        "2600::200:5efe:192.168.1.1",
        "ff0e::1",
    ],
)
def test_private_addresses(address: str) -> None:
    assert not web_photos._is_public(address)


@pytest.mark.parametrize(
    "address", ["52.216.1.1", "2600:1f18::1", "::ffff:52.216.1.1", "64:ff9b::52.216.1.1"]
)
def test_public_addresses(address: str) -> None:
    assert web_photos._is_public(address)


def test_label_studio_redirects_to_itself(tmp_path: Path, web: WebServer) -> None:
    web.answers[PRESIGN] = redirects("/user/login/?next=/x")
    with pytest.raises(ImageError, match="redirects to itself"):
        fetcher(tmp_path, web.url).fetch("s3://b/x.jpg", task_id=7)


# Files that Hemline can read by itself.


def test_local_files_are_read_without_label_studio(tmp_path: Path) -> None:
    (tmp_path / "files" / "set").mkdir(parents=True)
    (tmp_path / "files" / "set" / "a b.jpg").write_bytes(b"photo")
    photos = fetcher(tmp_path / "home", "http://labels", local_files_root=tmp_path / "files")

    photo = photos.fetch("/data/local-files/?d=set/a%20b.jpg")

    assert (photo.data, photo.name) == (b"photo", "a b.jpg")


def test_a_link_out_of_the_root_is_label_studios_to_judge(tmp_path: Path, web: WebServer) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "files" / "x.jpg").symlink_to(tmp_path / "secret")
    photos = fetcher(tmp_path / "home", web.url, local_files_root=tmp_path / "files")
    with pytest.raises(ImageError, match="Label Studio answered 404"):
        photos.fetch("/data/local-files/?d=x.jpg")


def test_a_pipe_is_not_a_photo(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    os.mkfifo(tmp_path / "files" / "x.jpg")
    photos = fetcher(tmp_path / "home", "http://labels", local_files_root=tmp_path / "files")
    with pytest.raises(ImageError, match="is not a file"):
        photos.fetch("/data/local-files/?d=x.jpg")


def test_a_local_file_over_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"0" * 1001)
    photos = fetcher(
        tmp_path / "home", "http://labels", local_files_root=tmp_path, max_image_bytes=1000
    )
    with pytest.raises(ImageError, match="larger than 1000 bytes"):
        photos.fetch("/data/local-files/?d=x.jpg")


# The real Label Studio.


@dataclasses.dataclass
class RealProject:
    photos: PhotoFetcher
    client: LabelStudioUser
    id: int


@pytest.fixture
def real(
    tmp_path: Path, label_studio: LabelStudioServer, ls_client: LabelStudioUser
) -> Iterator[RealProject]:
    project = ls_client.create_project("photo tests", render_label_config(["garment"]))["id"]
    settings = Settings(home=tmp_path / "home", label_studio_url=label_studio.url)
    yield RealProject(PhotoFetcher(settings, lambda: ls_client), ls_client, project)
    ls_client.delete_project(project)


@pytest.mark.labelstudio
def test_real_upload(real: RealProject) -> None:
    [task_id] = real.client.upload_files(real.id, [("a dress.jpg", b"\xff\xd8\xff photo")])
    url = real.client.get_task(real.id, task_id)["data"]["image"]

    assert real.photos.fetch(url, task_id=task_id).data == b"\xff\xd8\xff photo"
    assert real.photos.fetch(real.client.url + url).data == b"\xff\xd8\xff photo"


@pytest.mark.labelstudio
def test_real_local_file(real: RealProject, label_studio: LabelStudioServer) -> None:
    folder = label_studio.files_root / "set & more"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"first")
    url = "/data/local-files/?d=set%20%26%20more/a.jpg"
    with pytest.raises(ImageError, match="storage not connected"):
        real.photos.fetch(url)
    real.client.create_local_storage(real.id, str(folder), "photos")

    assert real.photos.fetch(url).data == b"first"
    assert real.photos.fetch(url).data == b"first"
    (folder / "a.jpg").write_bytes(b"the second")
    assert real.photos.fetch(url).data == b"the second"


@pytest.mark.labelstudio
def test_real_storage_that_is_not_connected(real: RealProject) -> None:
    [task_id] = real.client.import_tasks(real.id, [{"data": {"image": "s3://bucket/x.jpg"}}])
    with pytest.raises(ImageError, match="storage not connected"):
        real.photos.fetch("s3://bucket/x.jpg", task_id=task_id)
