"""Errors as pages: what is wrong in one sentence, and never a stack trace."""

import math

import structlog
from flask import Blueprint, Response, g, make_response
from werkzeug.exceptions import HTTPException

from backend.dashboard.frame import render_page
from backend.services import BackendServices
from hemline.errors import HemlineError, LabelStudioError, StoreError, StoreUnavailable
from hemline.redaction import redact
from hemline.store.review.verdicts import StaleItemError

log = structlog.get_logger(__name__)

_TITLES = {
    400: "That did not work",
    403: "Not allowed",
    404: "Not found",
    409: "Changed by somebody else",
    413: "Too large",
    422: "That did not work",
    429: "Please wait",
    502: "Label Studio is not responding",
    503: "Try again in a moment",
}


def register(blueprint: Blueprint, services: BackendServices) -> None:
    blueprint.register_error_handler(HTTPException, _refused)
    blueprint.register_error_handler(HemlineError, _unfit)
    blueprint.register_error_handler(StoreUnavailable, _not_now)
    blueprint.register_error_handler(Exception, _broken)


def _refused(error: HTTPException) -> Response:
    return _page(error.code or 500, redact(error.description or error.name))


def _unfit(error: HemlineError) -> Response:
    if isinstance(error, LabelStudioError):
        return _page(502, str(error))
    if isinstance(error, StaleItemError):
        return _page(409, str(error))
    return _page(404 if isinstance(error, StoreError) else 422, str(error))


def _not_now(error: StoreUnavailable) -> Response:
    page = _page(503, str(error))
    page.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return page


def _broken(error: Exception) -> Response:
    log.exception("page failed", exc_info=error)
    number = g.get("request_id", "")
    return _page(500, f"Hemline failed on this page; look for this number in its log: '{number}'")


def _page(status: int, sentence: str) -> Response:
    title = _TITLES.get(status, "Something went wrong")
    sentence = sentence[:1].upper() + sentence[1:].rstrip(".") + "."
    return make_response(
        render_page("dashboard/error.html", heading=title, sentence=sentence), status
    )
