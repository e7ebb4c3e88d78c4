"""Spans: a piece of work with its name, its time, and the work that it is part of.

Nothing is recorded until `record_with` is given a recorder, and OpenTelemetry is not imported here.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool


class WorkSpan(Protocol):
    """A span that has begun."""

    def note(self, name: str, value: Value) -> None:
        """Adds what became known while it lasts."""

    def fail(self, why: str) -> None:
        """Marks it as failed where nothing is raised."""


class SpanRecorder(Protocol):
    """What takes spans; see the functions of the same names."""

    def span(
        self, name: str, kind: Kind, after: Mapping[str, str] | None, notes: Mapping[str, Value]
    ) -> AbstractContextManager[WorkSpan]: ...

    def past_span(self, name: str, seconds: float, notes: Mapping[str, Value]) -> None: ...

    def carrier(self) -> dict[str, str]: ...

    def ids(self) -> dict[str, str]: ...

    def stop(self) -> None: ...


class _NotRecorded:
    def note(self, name: str, value: Value) -> None:
        pass

    def fail(self, why: str) -> None:
        pass


_NOT_RECORDED: WorkSpan = _NotRecorded()
_recorder: SpanRecorder | None = None


def record_with(recorder: SpanRecorder | None) -> None:
    """From now on this process's spans go to the recorder; None: nowhere."""
    global _recorder
    _recorder = recorder


def recorder() -> SpanRecorder | None:
    """What spans go to; None if they are not recorded."""
    return _recorder


def span(
    name: str,
    *,
    kind: Kind = "internal",
    after: Mapping[str, str] | None = None,
    notes: Mapping[str, Value] | None = None,
) -> AbstractContextManager[WorkSpan]:
    """The block as a span, part of the one around it. What the block raises marks it as failed.

    name: the kind of work, without numbers. notes: what else is known; never an address, a secret
    or what a person wrote. after: the `carrier` of the work that this follows from, perhaps in
    another process; the span is then part of that and only linked to the one around it, and the
    first of a trace of its own if the carrier is empty.
    """
    if _recorder is None:
        return nullcontext(_NOT_RECORDED)
    return _recorder.span(name, kind, after, notes or {})


def past_span(name: str, seconds: float, notes: Mapping[str, Value]) -> None:
    """A span that took so many seconds and is over now."""
    if _recorder is not None:
        _recorder.past_span(name, seconds, notes)


def carrier() -> dict[str, str]:
    """What another process needs to go on with this trace: W3C's `traceparent`, or nothing."""
    return {} if _recorder is None else _recorder.carrier()


def trace_ids() -> dict[str, str]:
    """`trace_id` and `span_id` in hexadecimal, as collectors show them, for log lines; or none."""
    return {} if _recorder is None else _recorder.ids()
