"""Label Studio: reachable, of a version that Hemline is tested with, and our token accepted."""

import re
from collections.abc import Iterator
from typing import Any

from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.deadline import within
from hemline.labelstudio.probe import probe
from hemline.settings import Settings
from worker.doctor.diagnosis import Diagnosis, fault, healthy, warning

NAME = "Label Studio"
TOKEN = "token"
WAY_OUT = "start it, or set LABEL_STUDIO_URL to where it is"
TOKEN_WAY_OUT = "copy a new personal access token from Account & Settings to LABEL_STUDIO_API_KEY"
PATH = "/api/version/"

_TIMEOUT_S = 4.0
_TESTED_FROM = (1, 23)


def check_label_studio(settings: Settings) -> Iterator[Diagnosis]:
    """Whether it answers, without the token. Raises LabelStudioUnavailable if nothing does."""
    url = settings.label_studio_url
    answer = probe(url, PATH, timeout_s=_TIMEOUT_S)
    version = _version(answer.body)
    if answer.status >= 500:
        yield fault(NAME, f"{url} is not available (HTTP {answer.status})", WAY_OUT)
    elif not version:
        yield warning(
            NAME,
            f"{url} answers without a version (HTTP {answer.status})",
            "check that LABEL_STUDIO_URL is Label Studio's own address, not that of a login page",
        )
    elif _numbers(version) < _TESTED_FROM:
        tested = ".".join(map(str, _TESTED_FROM))
        yield warning(
            NAME,
            f"{url} is version {version}, older than any that Hemline is tested with",
            f"upgrade it to {tested} or later",
        )
    else:
        yield healthy(NAME, f"{url}, version {version}")


def check_token(settings: Settings) -> Iterator[Diagnosis]:
    """Raises LabelStudioError if Label Studio does not accept the token."""
    with client_of(settings) as client, within(_TIMEOUT_S):
        user = client.whoami()
    name = user.get("email") or user.get("username") or f"user {user.get('id')}"
    yield healthy(TOKEN, f"accepted, of {name}")


def client_of(settings: Settings) -> LabelStudioClient:
    """A client that gives up sooner than those that work."""
    return LabelStudioClient(
        settings.label_studio_url, settings.label_studio_api_key, timeout_s=_TIMEOUT_S
    )


def _version(body: Any) -> str:
    release = body.get("release") if isinstance(body, dict) else None
    return release if isinstance(release, str) and _numbers(release) else ""


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d{1,6})\.(\d{1,6})", version)
    return (int(found[1]), int(found[2])) if found else ()
