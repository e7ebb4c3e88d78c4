"""A real S3 server, moto's, on this machine; with the faults of object stores and networks."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import fsspec
import httpx
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]
Fault = Callable[[Application, Environ, Any], Iterable[bytes]]


@dataclass
class S3Storage:
    """A bucket, and what is wrong with its server: `fault`, while it is set."""

    endpoint: str
    bucket: str
    requests: list[str]  # "GET /bucket/name", of all that came
    fault: Fault | None = None

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/hemline"

    def names(self) -> list[str]:
        """All that the bucket holds."""
        return list(fsspec.filesystem("s3").find(self.bucket))

    def content(self, digest: str) -> bytes:
        """What the bucket has under the digest, whatever that is."""
        data: bytes = fsspec.filesystem("s3").cat_file(
            f"{self.bucket}/hemline/{digest[:2]}/{digest[2:]}"
        )
        return data


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class _Server:
    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self._moto: Application = DomainDispatcherApplication(create_backend_app)
        self.storage: S3Storage | None = None
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet
        )
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        storage = self.storage
        if storage is None:
            return self._moto(environ, start_response)
        storage.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if storage.fault is None:
            return self._moto(environ, start_response)
        return storage.fault(self._moto, environ, start_response)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[_Server]:
    server = _Server()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: _Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Storage]:
    """A bucket of its own, which this process and its children reach by their environment."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server.endpoint,
        "AWS_ACCESS_KEY_ID": "hemline",
        "AWS_SECRET_ACCESS_KEY": "hemline",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    filesystem = fsspec.get_filesystem_class("s3")
    filesystem.clear_instance_cache()
    storage = S3Storage(s3_server.endpoint, f"hemline-{uuid4().hex[:12]}", [])
    httpx.put(f"{storage.endpoint}/{storage.bucket}").raise_for_status()
    s3_server.storage = storage
    yield storage
    s3_server.storage = None
    filesystem.clear_instance_cache()


def answers(status: str, code: str) -> Fault:
    """Every request gets this error: 503 SlowDown, 403 AccessDenied and so on."""

    def fault(app: Application, environ: Environ, start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, [("Content-Type", "application/xml")])
        return [f"<Error><Code>{code}</Code><Message>{status}</Message></Error>".encode()]

    return fault


def is_slow(seconds: float) -> Fault:
    """Every answer comes so late."""

    def fault(app: Application, environ: Environ, start_response: Any) -> Iterable[bytes]:
        time.sleep(seconds)
        return app(environ, start_response)

    return fault


def dies_in_writes(app: Application, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """A store that is worse than any: half of what is put is kept, and the connection breaks."""
    if environ["REQUEST_METHOD"] != "PUT":
        return app(environ, start_response)
    data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    half = {key: value for key, value in environ.items() if not key.startswith("HTTP_X_AMZ")}
    half |= {"wsgi.input": BytesIO(data[: len(data) // 2]), "CONTENT_LENGTH": str(len(data) // 2)}
    half |= {"HTTP_X_AMZ_DATE": environ.get("HTTP_X_AMZ_DATE", "")}
    list(app(half, lambda status, headers, exc_info=None: None))
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


def lists_nothing(app: Application, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """A listing that has not heard of any object yet."""
    if environ["REQUEST_METHOD"] != "GET" or "list-type" not in environ.get("QUERY_STRING", ""):
        return app(environ, start_response)
    start_response("200 OK", [("Content-Type", "application/xml")])
    return [b'<?xml version="1.0"?><ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>']
