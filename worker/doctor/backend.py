"""The backend's own address, called from here as Label Studio calls it."""

from collections.abc import Iterator

from hemline.errors import LabelStudioUnavailable
from hemline.labelstudio.probe import probe
from hemline.settings import Settings
from worker.doctor.diagnosis import Diagnosis, fault, healthy, warning

NAME = "backend"
WAY_OUT = "start `hemline backend`, or set HEMLINE_BACKEND_URL to where it is"

_TIMEOUT_S = 2.0
_OURS = "Hemline"


def check_backend(settings: Settings) -> Iterator[Diagnosis]:
    """At HEMLINE_BACKEND_URL; where that does not answer from here, at HOST and PORT."""
    url = settings.reachable_backend_url
    found = _problem_at(url, settings)
    if found is None:
        yield healthy(NAME, f"{url} answers")
        return
    here = settings.model_copy(update={"backend_url": ""}).reachable_backend_url
    if here != url and _problem_at(here, settings) is None:
        yield warning(
            NAME,
            f"{here} answers, but {found}",
            "if Label Studio cannot reach it either, set HEMLINE_BACKEND_URL to an address that "
            "it reaches, and run `hemline connect`",
        )
        return
    yield fault(NAME, found, WAY_OUT)


def _problem_at(url: str, settings: Settings) -> str | None:
    try:
        answer = probe(
            url,
            "/health",
            user=settings.basic_auth_user,
            password=settings.basic_auth_pass,
            timeout_s=_TIMEOUT_S,
        )
    except LabelStudioUnavailable as error:
        return str(error)
    if answer.status == 401:
        return f"{url} does not accept BASIC_AUTH_USER and BASIC_AUTH_PASS of these settings"
    if answer.status != 200:
        return f"{url} is not healthy (HTTP {answer.status})"
    if not isinstance(answer.body, dict) or answer.body.get("model_class") != _OURS:
        return f"{url} answers, but is another program"
    return None
