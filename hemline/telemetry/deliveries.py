"""The trace of a webhook, kept in its stored payload until a worker goes on with it."""

from collections.abc import Mapping
from typing import Any

from hemline.telemetry.spans import carrier

_KEY = "hemline_trace"  # no field of Label Studio's


def with_trace(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload to store; the delivery's digest is of the one without."""
    fields = {name: value for name, value in payload.items() if name != _KEY}
    found = carrier()
    return {**fields, _KEY: found} if found else fields


def trace_of(payload: Any) -> dict[str, str] | None:
    """What `span` takes as `after`; None if the webhook was not traced."""
    found = payload.get(_KEY) if isinstance(payload, dict) else None
    return found if isinstance(found, dict) else None
