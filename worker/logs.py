"""Log lines of the worker's processes: time, level, who, what."""

import logging

from hemline.logs import RedactingFormatter, redact_tracebacks
from hemline.telemetry.spans import trace_ids

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_NOISY = (
    "PIL",
    "alembic",
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "kombu",
    "lightning",
    "opentelemetry",
    "urllib3",
)


class _WithTrace(logging.Formatter):
    """Ends the lines of what is traced with the trace's id."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        found = trace_ids()
        line = super().formatMessage(record)
        return f"{line} trace_id={found['trace_id']}" if found else line


def configure_logging(level: str) -> None:
    """Sends the log to stderr; libraries speak from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(_WithTrace(_FORMAT)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    redact_tracebacks()
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
