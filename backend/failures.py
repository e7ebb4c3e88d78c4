"""Errors as answers: JSON with one sentence, and no traceback."""

import math

import structlog
from flask import Flask, Response, g, jsonify
from werkzeug.exceptions import HTTPException

from hemline.errors import HemlineError, LabelStudioError, StoreUnavailable
from hemline.redaction import redact

log = structlog.get_logger(__name__)

_REASON_LIMIT = 400


def register_failures(app: Flask) -> None:
    """Every error of the app is answered as {"detail": sentence}."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(LabelStudioError, _misread)
    app.register_error_handler(HemlineError, _unfit)
    app.register_error_handler(StoreUnavailable, _not_now)
    app.register_error_handler(Exception, _broken)


def _refused(error: HTTPException) -> Response:
    answer = jsonify({"detail": redact(error.description or error.name)})
    answer.status_code = error.code or 500
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _misread(error: LabelStudioError) -> Response:
    """A message that is not what Label Studio sends."""
    answer = jsonify({"detail": str(error)})
    answer.status_code = 400
    return answer


def _unfit(error: HemlineError) -> Response:
    """422, with the sentence as the reason phrase too: of a failed /setup, Label Studio shows its
    user the status line and nothing of the body."""
    answer = jsonify({"detail": str(error)})
    reason = " ".join(str(error).split())[:_REASON_LIMIT]
    answer.status = f"422 {reason.encode('ascii', 'replace').decode()}"
    return answer


def _not_now(error: StoreUnavailable) -> Response:
    """503 with a sentence, and when to come again."""
    log.warning("the store cannot be used", problem=str(error))
    answer = jsonify({"detail": str(error)})
    answer.status_code = 503
    answer.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return answer


def _broken(error: Exception) -> Response:
    log.exception("request failed", exc_info=error)
    number = g.get("request_id", "")
    answer = jsonify(
        {"detail": f"Hemline failed on this request; look for this number in its log: '{number}'"}
    )
    answer.status_code = 500
    return answer
