"""Log lines of the worker's processes: time, level, who, what."""

import logging

from hemline.logs import RedactingFormatter, redact_tracebacks

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
)


def configure_logging(level: str) -> None:
    """Sends the log to stderr; libraries speak from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(logging.Formatter(_FORMAT)))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    redact_tracebacks()
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
