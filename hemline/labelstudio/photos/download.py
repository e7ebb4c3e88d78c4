"""The body of one HTTP answer that is a photo, read within a limit of bytes."""

import httpx

from hemline.errors import ImageError, PhotoUnavailable
from hemline.labelstudio.not_now import is_page

# Compressed bodies are refused: a few kilobytes can unpack to more than memory holds.
PLAIN_BODY = {"Accept-Encoding": "identity"}
_CHUNK_BYTES = 256 * 1024


def read_body(response: httpx.Response, *, name: str, max_bytes: int) -> bytes:
    """The bytes as sent.

    Raises ImageError for a body that is compressed or larger than `max_bytes`, PhotoUnavailable for
    a web page where a photo should be, and httpx.TransportError if the connection breaks.
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
    if is_page(response.headers, body):
        raise PhotoUnavailable(
            f"photo {name!r} was answered with a web page; is a login or maintenance page in "
            "front of it?"
        )
    return bytes(body)


def _too_large(name: str, max_bytes: int) -> ImageError:
    return ImageError(
        f"photo {name!r} is larger than {max_bytes} bytes; raise HEMLINE_MAX_IMAGE_BYTES or make "
        "it smaller"
    )
