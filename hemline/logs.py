"""What is written to a log passes through `redact`: messages, their values and stack traces."""

import logging
import sys
import threading
import traceback
from types import TracebackType

from hemline.quoting import writable
from hemline.redaction import redact


class RedactingFormatter(logging.Formatter):
    """The lines of another formatter, without secrets and control characters."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        return writable(redact(self._formatter.format(record)))


def redact_tracebacks() -> None:
    """What nobody catches, in any thread, ends on stderr without secrets."""
    sys.excepthook = _print
    threading.excepthook = lambda ended: _print(
        ended.exc_type, ended.exc_value, ended.exc_traceback
    )


def _print(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    if kind is KeyboardInterrupt or kind is SystemExit:
        return
    text = "".join(traceback.format_exception(kind, error, trace))
    print(writable(redact(text)), end="", file=sys.stderr, flush=True)
