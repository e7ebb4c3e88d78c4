"""A small HTTP server on loopback that answers each path as a test wants."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class WebServer:
    """`answers` maps a path to what answers it; `requests` are the paths asked for, in order."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.host = f"127.0.0.1:{server.server_port}"
        self.url = f"http://{self.host}"
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []


@contextmanager
def serve(port: int = 0) -> Iterator[WebServer]:
    """The server, from now until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.requests.append(self.path)
            web.headers.append(dict(self.headers))
            web.bodies.append(self.rfile.read(int(self.headers["Content-Length"] or 0)))
            answer = web.answers.get(self.path)
            if answer is None:
                self.send_error(404)
                return
            answer(self)

        do_POST = do_PATCH = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    web = WebServer(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sends(data: bytes, status: int = 200, **headers: str) -> Answer:
    """An answer with a body; header names are given with underscores."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def redirects(location: str) -> Answer:
    return sends(b"", 302, Location=location)
