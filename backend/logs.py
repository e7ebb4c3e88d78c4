"""Logs: JSON lines, or for people on a terminal; each line of a request carries its id."""

import logging
import re
import sys
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from hemline.logs import RedactingFormatter, redact_tracebacks
from hemline.telemetry.spans import trace_ids

log = structlog.get_logger("backend")

_GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
QUIET = frozenset({"probes.livez", "probes.readyz", "probes.metrics", "protocol.health"})
_NOISY_LIBRARIES = (
    "PIL",
    "alembic",
    "amqp",
    "httpcore",
    "httpx",
    "kombu",
    "opentelemetry",
    "urllib3",
)


def configure_logging(level: str) -> None:
    """Sends structlog and the standard library's loggers to stderr in one format."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    terminal = sys.stderr.isatty()
    last: list[structlog.types.Processor] = (
        # No local variables: among them are keys and people's texts.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler.setFormatter(RedactingFormatter(formatter))
    redact_tracebacks()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _add_trace(
    _: structlog.types.WrappedLogger, __: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    event.update(trace_ids())
    return event


def register_request_log(app: Flask) -> None:
    """One line a request: method, path, status, milliseconds. No bodies, no query strings."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex[:16]
        g.started = time.monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        quiet = request.endpoint in QUIET and response.status_code < 400
        log.log(
            logging.DEBUG if quiet else logging.INFO,
            "request",
            method=request.method,
            path=request.path[:200],
            status=response.status_code,
            ms=round((time.monotonic() - g.started) * 1000, 1),
        )
        return response
