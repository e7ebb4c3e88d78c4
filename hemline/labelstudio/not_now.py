"""Whether an HTTP answer means "not now" or "no", for Label Studio and hosts of photos alike."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

_TOO_EARLY = frozenset({408, 425, 429})  # timed out, too early, too many requests
_LONGEST_S = 3600.0  # what somebody asks for beyond it is not waited for
_LOGIN = re.compile(
    r"(?<![a-z])(log[-_]?in|sign[-_]?in|sso|saml2?|oauth2?|auth|authn|authorize|authenticate)(?![a-z])",
    re.IGNORECASE,
)
_PAGE_STARTS = (b"<!doctype html", b"<html")
_LOOKED_AT = 512


def is_later(status: int) -> bool:
    """Whether the same request may be answered otherwise in a while: 408, 425, 429 and all 5xx, the
    52x of proxies among them."""
    return status in _TOO_EARLY or 500 <= status <= 599


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer asks to wait, an hour at most; None if it does not say."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_S)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), _LONGEST_S)


def is_page(headers: Mapping[str, str], body: bytes | bytearray = b"") -> bool:
    """Whether this is a web page, such as a proxy's "back soon" or a login."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    start = bytes(body[:_LOOKED_AT]).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return kind in ("text/html", "application/xhtml+xml") or start.startswith(_PAGE_STARTS)


def is_login(url: str) -> bool:
    """Whether a redirect leads to a login: our session, or a proxy's, is not there now."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return _LOGIN.search(f"{parts.hostname or ''} {parts.path}") is not None
