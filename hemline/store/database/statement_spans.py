"""Spans of the statements that take long, so that a trace tells what a unit of work waited for."""

import time
from typing import Any

from sqlalchemy import Connection, Engine, event

from hemline.telemetry.spans import past_span, recorder

_LONG_S = 0.01
_BEGAN = "hemline_statement_began"
_LONGEST = 2000  # characters of a statement


def record_slow_statements(engine: Engine) -> None:
    """Records the engine's statements of 10 ms and more, without the values that are bound to them.

    Does nothing while the process records no spans, so recording has to begin before.
    """
    if recorder() is None:
        return

    @event.listens_for(engine, "before_cursor_execute")
    def begin(connection: Connection, *_: Any) -> None:
        connection.info[_BEGAN] = time.monotonic()

    @event.listens_for(engine, "after_cursor_execute")
    def end(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        seconds = time.monotonic() - connection.info.get(_BEGAN, time.monotonic())
        if seconds >= _LONG_S:
            past_span(
                f"statement: {statement.split(None, 1)[0].upper()[:20]}",
                seconds,
                {"db.system.name": engine.dialect.name, "db.query.text": statement[:_LONGEST]},
            )
