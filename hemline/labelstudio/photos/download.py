"""The body of one HTTP answer, read within a limit of bytes and of time."""

import time

import httpx

from hemline.errors import ImageError

# Compressed bodies are refused: a few kilobytes can unpack to more than memory holds.
PLAIN_BODY = {"Accept-Encoding": "identity"}
_CHUNK_BYTES = 256 * 1024


def read_body(response: httpx.Response, *, name: str, max_bytes: int, deadline: float) -> bytes:
    """The bytes as sent. `deadline` is a moment of time.monotonic().

    Raises ImageError for a body that is compressed, larger than `max_bytes`, or not complete at
    the deadline, and httpx.TransportError if the connection breaks.
    """
    encoding = response.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise ImageError(f"photo {name!r} was sent with content encoding {encoding!r}")
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(name, max_bytes)
    body = bytearray()
    for chunk in response.iter_raw(_CHUNK_BYTES):
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(name, max_bytes)
        if time.monotonic() > deadline:
            raise ImageError(
                f"photo {name!r} was not fetched in time; raise HEMLINE_IMAGE_TIMEOUT_S if its "
                "server is slow"
            )
    return bytes(body)


def _too_large(name: str, max_bytes: int) -> ImageError:
    return ImageError(
        f"photo {name!r} is larger than {max_bytes} bytes; raise HEMLINE_MAX_IMAGE_BYTES or make "
        "it smaller"
    )
