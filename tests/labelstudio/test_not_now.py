"""What is "later" and what is "no": statuses, pages, logins, and how long to wait."""

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from hemline.errors import ImageError, LabelStudioUnavailable, PhotoUnavailable
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.deadline import bounded, within
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.not_now import is_later, is_login, is_page, retry_after_s
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.settings import Settings
from tests.labelstudio.web_server import Answer, WebServer, redirects, sends


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 524, 530])
def test_statuses_that_pass(status: int) -> None:
    assert is_later(status)


@pytest.mark.parametrize("status", [200, 304, 400, 401, 403, 404, 410, 413, 451])
def test_statuses_that_stay(status: int) -> None:
    assert not is_later(status)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999999", 3600),
        ("-1", None),
        ("soon", None),
        ("", None),
        (timedelta(days=-1), 0),
        (timedelta(days=1), 3600),
    ],
)
def test_how_long_to_wait(value: str | timedelta, seconds: float | None) -> None:
    if isinstance(value, timedelta):
        value = format_datetime(datetime.now(UTC) + value, usegmt=True)
    assert retry_after_s({"retry-after": value}) == seconds


def test_pages_and_log_ins() -> None:
    assert is_page({"content-type": "text/html; charset=utf-8"})
    assert is_page({"content-type": "image/jpeg"}, b"\n <!DOCTYPE html><title>Back soon</title>")
    assert not is_page({"content-type": "image/jpeg"}, b"\xff\xd8\xff")
    assert not is_page({}, b"")
    assert is_login("https://sso.example.com/realms/x?next=/photo.jpg")
    assert is_login("/user/login/?next=/data/upload/1/x.jpg")
    assert is_login("https://accounts.example.com/o/oauth2/auth")
    assert not is_login("https://cdn.example.com/photos/author.jpg")
    assert not is_login("http://[")


def drips(headers: bool) -> Answer:
    """Sends a byte now and then, for as long as anybody listens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X-Slow: " if headers else b"\r\n"))
            for _ in range(400):
                handler.wfile.write(b"0")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    return answer


def fetcher(tmp_path: Path, web: WebServer, *, listed: bool, timeout_s: float = 5) -> PhotoFetcher:
    settings = Settings(
        home=tmp_path,
        label_studio_url="http://127.0.0.1:1" if listed else web.url,
        label_studio_api_key="a" * 40,
        image_hosts=(web.host,) if listed else (),
        image_timeout_s=timeout_s,
    )
    return PhotoFetcher(
        settings, lambda: LabelStudioClient(settings.label_studio_url, "a" * 40, timeout_s=5)
    )


def address(web: WebServer, *, listed: bool) -> str:
    return f"{web.url}/data/upload/1/x.jpg" if listed else "/data/upload/1/x.jpg"


@pytest.mark.parametrize("listed", [True, False], ids=["another host", "Label Studio"])
@pytest.mark.parametrize(
    "answer",
    [
        *(sends(b"no", status) for status in (408, 425, 429, 500, 502, 503, 504, 520, 524)),
        sends(b"<!doctype html><title>Log in</title>", Content_Type="text/html"),
        sends(b"<html>Back soon</html>", Content_Type="image/jpeg"),
        redirects("/user/login/?next=/x.jpg"),
        redirects("https://sso.example.com/login"),
    ],
)
def test_a_photo_that_may_come_later(
    tmp_path: Path, web: WebServer, answer: Answer, listed: bool
) -> None:
    web.answers["/data/upload/1/x.jpg"] = answer
    web.answers["/user/login/?next=/x.jpg"] = sends(
        b"<html>Log in</html>", Content_Type="text/html"
    )
    photos = fetcher(tmp_path, web, listed=listed)
    with pytest.raises(PhotoUnavailable, match=r"x\.jpg"):
        photos.fetch(address(web, listed=listed))
    web.answers["/data/upload/1/x.jpg"] = sends(b"photo")
    assert photos.fetch(address(web, listed=listed)).data == b"photo"


@pytest.mark.parametrize("listed", [True, False], ids=["another host", "Label Studio"])
@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_photo_that_is_refused(tmp_path: Path, web: WebServer, status: int, listed: bool) -> None:
    web.answers["/data/upload/1/x.jpg"] = sends(b"no", status)
    with pytest.raises(ImageError, match=f"answered {status}") as caught:
        fetcher(tmp_path, web, listed=listed).fetch(address(web, listed=listed))
    assert not isinstance(caught.value, PhotoUnavailable)


@pytest.mark.parametrize("listed", [True, False], ids=["another host", "Label Studio"])
def test_a_photos_host_says_how_long_to_wait(tmp_path: Path, web: WebServer, listed: bool) -> None:
    web.answers["/data/upload/1/x.jpg"] = sends(b"", 429, Retry_After="77")
    with pytest.raises(PhotoUnavailable) as caught:
        fetcher(tmp_path, web, listed=listed).fetch(address(web, listed=listed))
    assert caught.value.retry_after_s == 77


@pytest.mark.parametrize("listed", [True, False], ids=["another host", "Label Studio"])
@pytest.mark.parametrize("headers", [True, False], ids=["headers", "body"])
def test_a_photo_that_drips_is_given_up_in_time(
    tmp_path: Path, web: WebServer, headers: bool, listed: bool
) -> None:
    """20 s of bytes, each within any timeout."""
    web.answers["/data/upload/1/x.jpg"] = drips(headers)
    photos = fetcher(tmp_path, web, listed=listed, timeout_s=0.5)
    begin = time.monotonic()
    with pytest.raises(PhotoUnavailable, match=r"within 0\.5 s; raise HEMLINE_IMAGE_TIMEOUT_S"):
        photos.fetch(address(web, listed=listed))
    assert time.monotonic() - begin < 10


def test_the_earlier_of_two_deadlines_holds(web: WebServer) -> None:
    web.answers["/"] = drips(headers=False)
    with (
        bounded(httpx.Client()) as client,
        within(0.3),
        within(100),
        pytest.raises(httpx.TimeoutException),
    ):
        client.get(web.url)


@pytest.mark.parametrize(
    "url",
    [
        "/data/upload/1/" + "x" * 1_000_000,
        "http://HOST/" + "x" * 100_000,
        "http://xn--\u20ac/x",
        "http://HOST/" + "é" * 4000,
    ],
)
def test_an_address_that_cannot_be_asked_for(tmp_path: Path, web: WebServer, url: str) -> None:
    photos = fetcher(tmp_path, web, listed=True)
    with pytest.raises(ImageError) as caught:
        photos.fetch(url.replace("HOST", web.host))
    assert len(str(caught.value)) < 1000


ODD = [
    "{}",
    "[]",
    "null",
    "7",
    '"x"',
    '{"results": null, "tasks": 7}',
    '{"results": [], "tasks": [1]}',
    '{"tasks": [{}]}',
    '{"tasks": [{"id": "x"}]}',
    '{"id":',
    "<html>",
]
CALLS: list[Callable[[LabelStudioClient], object]] = [
    lambda client: client.get_project(7)["id"],
    lambda client: list(client.iter_tasks(7)),
    lambda client: client.import_predictions(7, [{"task": 1}]),
    lambda client: client.list_webhooks(7),
    lambda client: client.whoami()["id"],
]


@pytest.mark.parametrize("body", ODD)
def test_json_that_label_studio_does_not_send(web: WebServer, body: str) -> None:
    """Each call gives what it should, or says that it is not Label Studio who answers."""
    answers = _AnswersAll(sends(body.encode(), Content_Type="application/json"))
    web.answers = answers
    with LabelStudioClient(web.url, "a" * 40) as client:
        for call in CALLS:
            # A missing field of an object is its reader's to notice.
            with contextlib.suppress(LabelStudioUnavailable, KeyError):
                call(client)


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 520, 524])
def test_label_studio_that_is_away_says_so(web: WebServer, status: int) -> None:
    web.answers = _AnswersAll(sends(b"", status, Retry_After="9"))
    with (
        LabelStudioClient(web.url, "a" * 40) as client,
        pytest.raises(LabelStudioUnavailable) as caught,
    ):
        client.whoami()
    assert caught.value.retry_after_s == 9


def test_label_studios_own_fault_and_a_redirect(web: WebServer) -> None:
    with LabelStudioClient(web.url, "a" * 40) as client:
        web.answers = _AnswersAll(sends(b"", 500))
        with pytest.raises(LabelStudioRefused):
            client.whoami()
        web.answers = _AnswersAll(redirects("https://labels.example.com/login"))
        with pytest.raises(LabelStudioUnavailable, match="redirect; set LABEL_STUDIO_URL"):
            client.whoami()


class _AnswersAll(dict[str, Answer]):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def get(self, path: str, default: object = None) -> Answer:
        return self._answer
