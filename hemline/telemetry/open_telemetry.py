"""Spans by way of OpenTelemetry to a collector, as OTLP over HTTP. Secrets are taken out of all
that is sent."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from hemline import __version__
from hemline.redaction import redact
from hemline.settings import Settings
from hemline.telemetry.spans import Kind, Value, WorkSpan

_PATH = "/v1/traces"
_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_NS = 1e9
# Of W3C's headers this alone: baggage is other people's values.
_PROPAGATOR = TraceContextTextMapPropagator()


def open_recorder(settings: Settings, process: str) -> "OpenTelemetryRecorder":
    """A recorder that sends to the settings' collector, in a thread of its own.

    What Hemline has no setting for (sampling, batches, timeouts, resource attributes) goes by
    OpenTelemetry's own variables.
    """
    resource = Resource.create(
        {
            "service.namespace": "hemline",
            "service.name": settings.otel_service_name or f"hemline-{process}",
            "service.version": __version__,
            "hemline.process": process,
            "process.pid": os.getpid(),
        }
    )
    exporter = OTLPSpanExporter(
        endpoint=settings.otel_endpoint.rstrip("/") + _PATH,
        headers=settings.otel_header_values or None,
    )
    provider = TracerProvider(resource=_clean_resource(resource), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(RedactingExporter(exporter)))
    return OpenTelemetryRecorder(provider)


class OpenTelemetryRecorder:
    """A `spans.SpanRecorder` around a provider of tracers."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("hemline", __version__)

    @contextmanager
    def span(
        self, name: str, kind: Kind, after: Mapping[str, str] | None, notes: Mapping[str, Value]
    ) -> Iterator[WorkSpan]:
        around = trace.get_current_span().get_span_context()
        is_elsewhere = after is not None and around.is_valid
        span = self._tracer.start_span(
            name,
            context=None if after is None else _PROPAGATOR.extract(after),
            kind=_KINDS[kind],
            attributes=dict(notes),
            links=[Link(around)] if is_elsewhere else None,
        )
        with trace.use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            try:
                yield _Span(span)
            except Exception as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(Status(StatusCode.ERROR, str(error)))
                raise

    def past_span(self, name: str, seconds: float, notes: Mapping[str, Value]) -> None:
        now = time.time_ns()
        span = self._tracer.start_span(
            name,
            kind=SpanKind.CLIENT,
            attributes=dict(notes),
            start_time=now - int(seconds * _NS),
        )
        span.end(now)

    def carrier(self) -> dict[str, str]:
        found: dict[str, str] = {}
        _PROPAGATOR.inject(found)
        return found

    def ids(self) -> dict[str, str]:
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {
            "trace_id": trace.format_trace_id(context.trace_id),
            "span_id": trace.format_span_id(context.span_id),
        }

    def stop(self) -> None:
        self._provider.shutdown()


class _Span:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def fail(self, why: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, why))


class RedactingExporter(SpanExporter):
    """Hands spans on without the secrets in their names, attributes, events and errors."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_clean_span(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _clean_span(span: ReadableSpan) -> ReadableSpan:
    status = span.status
    return ReadableSpan(
        name=redact(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_clean(span.attributes),
        events=[
            Event(redact(event.name), _clean(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(status.status_code, redact(status.description or "") or None),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _clean_resource(resource: Resource) -> Resource:
    return Resource(_clean(resource.attributes), resource.schema_url)


def _clean(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _clean_value(value) for name, value in (attributes or {}).items()}


def _clean_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list | tuple):
        return [_clean_value(item) for item in value]
    return value
