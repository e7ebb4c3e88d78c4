"""One request without a token, to see who answers at an address: Label Studio or a backend."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from hemline.errors import LabelStudioUnavailable
from hemline.labelstudio.deadline import bounded, within
from hemline.labelstudio.http import is_loopback


@dataclass(frozen=True, slots=True)
class Probed:
    """What came back: `body` is decoded JSON, None if it is something else.

    ahead_s: seconds by which the server's clock is ahead of ours, by its Date header, which has
    whole seconds; None without one.
    """

    status: int
    body: Any
    ahead_s: float | None


def probe(url: str, path: str, *, user: str = "", password: str = "", timeout_s: float) -> Probed:
    """Ask once, with Basic auth where a user is given.

    Raises LabelStudioUnavailable if there is no answer within `timeout_s`.
    """
    try:
        with (
            bounded(httpx.Client(timeout=timeout_s, trust_env=not is_loopback(url))) as client,
            within(timeout_s),
        ):
            began = time.time()
            response = client.get(url.rstrip("/") + path, auth=(user, password) if user else None)
            middle = (began + time.time()) / 2
    except httpx.HTTPError as error:
        reason = "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error)
        raise LabelStudioUnavailable(f"{url} cannot be reached ({reason})") from error
    try:
        body = response.json()
    except ValueError:
        body = None
    return Probed(response.status_code, body, _ahead_s(response.headers.get("date"), middle))


def _ahead_s(date: str | None, now: float) -> float | None:
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    # Half a second: the header has cut what follows the second.
    return (theirs - datetime.fromtimestamp(now, UTC)).total_seconds() + 0.5
