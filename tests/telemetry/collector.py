"""A collector on loopback that takes what OTLP/HTTP sends, as Jaeger or Grafana's Tempo would."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.labelstudio.web_server import WebServer, serve


@dataclass(frozen=True)
class ReceivedSpan:
    """One span as it came over the wire; ids are in hexadecimal, `parent` is empty for a root."""

    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    service: str
    pid: int
    notes: dict[str, Any]
    failed: str | None


class Collector:
    """`url` is for OTEL_EXPORTER_OTLP_ENDPOINT."""

    def __init__(self, web: WebServer) -> None:
        self._web = web
        self.url = web.url
        web.answers["/v1/traces"] = _accepted

    @property
    def headers(self) -> list[dict[str, str]]:
        return self._web.headers

    @property
    def sent(self) -> bytes:
        """All bodies as they are after decompression."""
        return b"".join(map(_plain, self._web.bodies))

    def spans(self) -> list[ReceivedSpan]:
        return [span for body in list(self._web.bodies) for span in _spans(_plain(body))]

    def named(self, name: str) -> list[ReceivedSpan]:
        return [span for span in self.spans() if span.name == name]

    def above(self, span: ReceivedSpan) -> list[str]:
        """The names of a span and of what it is part of, up to the root or to where it is lost."""
        by_id = {one.id: one for one in self.spans()}
        names = [span.name]
        while (parent := by_id.get(span.parent)) is not None:
            span = parent
            names.append(span.name)
        return names


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector, until the block ends."""
    with serve() as web:
        yield Collector(web)


def _accepted(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-protobuf")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _plain(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def _spans(body: bytes) -> Iterator[ReceivedSpan]:
    request = ExportTraceServiceRequest.FromString(body)
    for of_resource in request.resource_spans:
        resource = _values(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield ReceivedSpan(
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    links=tuple(link.span_id.hex() for link in span.links),
                    service=resource["service.name"],
                    pid=resource["process.pid"],
                    notes=_values(span.attributes),
                    failed=span.status.message if span.status.code == 2 else None,
                )


def _values(attributes: Any) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value")
        for one in attributes
    }
