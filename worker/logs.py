"""Log lines of the worker's processes: time, level, who, what."""

import logging

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
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
