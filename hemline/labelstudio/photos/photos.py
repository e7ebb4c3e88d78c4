"""A task's photo: fetched from where it may be, within limits, and kept for the next time."""

import os
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from hemline.errors import HemlineError, ImageError, PhotoUnavailable
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.deadline import within
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.not_now import is_later, is_login
from hemline.labelstudio.photos.address import (
    LabelStudioAddress,
    StorageAddress,
    WebAddress,
    origin,
    parse_photo_address,
    shown,
)
from hemline.labelstudio.photos.cache import PhotoCache
from hemline.labelstudio.photos.download import PLAIN_BODY, read_body
from hemline.labelstudio.photos.web import WebPhoto, fetch_listed, fetch_presigned
from hemline.settings import Settings
from hemline.telemetry.spans import span


@dataclass(frozen=True)
class Photo:
    """A photo file: its bytes, their sha256 in hexadecimal, and its file name."""

    data: bytes
    digest: str
    name: str


class PhotoSource(Protocol):
    """Where photos come from."""

    def fetch(self, url: str, *, task_id: int | None = None) -> Photo: ...


class PhotoFetcher:
    """Fetches photos by the address in a task's data. Safe to share between threads.

    `client_factory` makes the client for what only Label Studio can hand out: once a process, when
    it is first needed, so that a fork does not share its connections.
    """

    def __init__(self, settings: Settings, client_factory: Callable[[], LabelStudioClient]) -> None:
        self._settings = settings
        self._client_factory = client_factory
        self._cache = PhotoCache(settings.home_path / "photos", settings.image_cache_bytes)
        self._clients: dict[int, LabelStudioClient] = {}
        self._lock = threading.Lock()

    def fetch(self, url: str, *, task_id: int | None = None) -> Photo:
        """The photo at an address; `task_id` is needed for cloud storage.

        Raises ImageError if the address is not allowed or the photo is missing or too large,
        PhotoUnavailable (an ImageError) if its server does not hand it out now or breaks off,
        LabelStudioUnavailable if Label Studio cannot be reached, and LabelStudioRefused if it does
        not accept our token.
        """
        try:
            with span("photo"):
                return self._fetch_or_find(url, task_id)
        except HemlineError:
            raise
        except Exception as error:  # an address that httpx, IDNA or the file system cannot take
            raise ImageError(
                f"photo {shown(url)} cannot be fetched ({error!r:.200}); correct its address"
            ) from error

    def _fetch_or_find(self, url: str, task_id: int | None) -> Photo:
        address = parse_photo_address(url, self._settings)
        if isinstance(address, LabelStudioAddress) and address.local_file is not None:
            data = self._read_local(address.local_file, address.name)
            if data is not None:
                return Photo(data, sha256(data).hexdigest(), address.name)
        cached = self._cache.find(url)
        if cached is not None and _never_changes(address):
            return Photo(cached.data, cached.digest, address.name)
        fetched = self._fetch(address, cached.etag if cached else "", task_id)
        if fetched.data is None:
            if cached is None:
                raise ImageError(f"photo {address.name!r}: {shown(url)} sent no photo")
            return Photo(cached.data, cached.digest, address.name)
        digest = self._cache.keep(url, fetched.data, fetched.etag)
        return Photo(fetched.data, digest, address.name)

    def _fetch(
        self,
        address: LabelStudioAddress | StorageAddress | WebAddress,
        etag: str,
        task_id: int | None,
    ) -> WebPhoto:
        if isinstance(address, WebAddress):
            return fetch_listed(address.url, self._settings, name=address.name, etag=etag)
        client = self._client()
        if isinstance(address, LabelStudioAddress):
            return self._from_label_studio(client, address.path, address.name, etag)
        if task_id is None:
            raise ImageError(
                f"photo {shown(address.uri)} is in cloud storage, which Label Studio opens only "
                "for a task; no task was given"
            )
        path = client.presign_path(task_id, address.uri)
        return self._from_label_studio(client, path, address.name, "")

    def _client(self) -> LabelStudioClient:
        process = os.getpid()
        with self._lock:
            if process not in self._clients:
                self._clients = {process: self._client_factory()}
            return self._clients[process]

    def _from_label_studio(
        self, client: LabelStudioClient, path: str, name: str, etag: str
    ) -> WebPhoto:
        timeout_s = self._settings.image_timeout_s
        headers = PLAIN_BODY | ({"If-None-Match": etag} if etag else {})
        try:
            with (
                within(timeout_s),
                closing(
                    client.http.request(
                        "GET", path, stream=True, headers=headers, timeout=timeout_s
                    )
                ) as response,
            ):
                if response.status_code == 304:
                    return WebPhoto(None, etag)
                if not response.has_redirect_location:
                    data = read_body(response, name=name, max_bytes=self._settings.max_image_bytes)
                    return WebPhoto(data, response.headers.get("etag", ""))
                target = urljoin(client.url + path, response.headers["location"])
        except LabelStudioRefused as error:
            if error.status == 401:
                raise
            raise _refusal(name, path, error) from error
        except httpx.TimeoutException as error:
            raise PhotoUnavailable(
                f"photo {name!r} was not fetched from Label Studio within {timeout_s:g} s; raise "
                "HEMLINE_IMAGE_TIMEOUT_S if it is slow",
                no_answer=True,
            ) from error
        except httpx.TransportError as error:
            raise PhotoUnavailable(
                f"photo {name!r}: Label Studio broke off while sending it "
                f"({type(error).__name__}); is its file whole?",
                no_answer=True,
            ) from error
        return self._follow(client, target, name)

    def _follow(self, client: LabelStudioClient, target: str, name: str) -> WebPhoto:
        """Where Label Studio's storages keep the photo. Our token stays with Label Studio."""
        to_itself = origin(urlsplit(target)) == origin(urlsplit(client.url))
        if to_itself or is_login(target):
            raise PhotoUnavailable(
                f"photo {name!r}: Label Studio redirects to {'itself, ' if to_itself else ''}"
                f"{shown(target)}; does LABEL_STUDIO_API_KEY still work?"
            )
        return fetch_presigned(target, self._settings, name=name)

    def _read_local(self, relative: str, name: str) -> bytes | None:
        """The file below HEMLINE_LOCAL_FILES_ROOT; None if it is for Label Studio to say."""
        if self._settings.local_files_root is None:
            return None
        root = self._settings.local_files_root.expanduser().resolve()
        path = (root / relative).resolve()
        if not path.is_relative_to(root):
            return None
        return _read_regular_file(path, name, self._settings.max_image_bytes)


def _refusal(name: str, path: str, error: LabelStudioRefused) -> ImageError:
    said = f"photo {name!r} cannot be fetched: Label Studio answered {error.status} for {path}"
    if is_later(error.status):
        return PhotoUnavailable(said, retry_after_s=error.retry_after_s)
    return ImageError(f"{said}; was it deleted, or is its storage not connected to the project?")


def _never_changes(address: LabelStudioAddress | StorageAddress | WebAddress) -> bool:
    """Uploads get a name of their own each; what the other addresses name can be replaced."""
    return isinstance(address, LabelStudioAddress) and address.path.startswith("/data/upload/")


def _read_regular_file(path: Path, name: str, max_bytes: int) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would block for ever
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"photo {name!r} is not a file")
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ImageError(
            f"photo {name!r} is larger than {max_bytes} bytes; raise HEMLINE_MAX_IMAGE_BYTES or "
            "make it smaller"
        )
    return data
