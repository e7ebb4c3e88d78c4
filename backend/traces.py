"""A span for each request but probes', part of the trace that the request's headers name."""

from contextlib import ExitStack

from flask import Flask, Response, g, request

from backend.logs import QUIET
from hemline.telemetry.spans import span

_FAILED = 500


def register_traces(app: Flask) -> None:
    """To be registered first, so that all that is done for a request is in its span."""

    @app.before_request
    def begin() -> None:
        if request.endpoint in QUIET:
            return
        route = request.url_rule.rule if request.url_rule is not None else "unknown"
        g.span_ends = ExitStack()
        g.span = g.span_ends.enter_context(
            span(
                f"{request.method} {route}",
                kind="server",
                after={"traceparent": request.headers.get("traceparent", "")},
                notes={"http.request.method": request.method, "http.route": route},
            )
        )

    @app.after_request
    def note(response: Response) -> Response:
        if "span" in g:
            g.span.note("http.response.status_code", response.status_code)
            g.span.note("hemline.request_id", g.get("request_id", ""))
            if response.status_code >= _FAILED:
                g.span.fail(f"answered {response.status}")
        return response

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        if "span_ends" in g:
            g.pop("span_ends").close()
