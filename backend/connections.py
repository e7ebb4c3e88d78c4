"""gunicorn's threads for requests, behind a door that slow clients do not hold.

A thread works on a request once its headers are there, and its body if that is small; until then
the connection waits in the event loop, where it costs nothing, for a few seconds. A large body has
to come at a least rate, and an answer has to be taken at one. Bodies without a length (chunked),
which Label Studio does not send, are refused. Probes have threads of their own, so that they answer
however busy the others are.
"""

import errno
import re
import selectors
import socket
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]
from werkzeug.exceptions import RequestTimeout

from backend.app import KEY

STOP_S = 4  # requests in flight have this long to end once the backend was asked to stop
_HEADERS_S = 10.0  # for all headers of a request, and a small body
_BODY_S = 10.0  # for a body, and a second more for each _BODY_RATE bytes of it that have come
_BODY_RATE = 256 * 1024
_ANSWER_S = 10.0  # to wait for a client that takes nothing of its answer
_ANSWER_RATE = 64 * 1024  # and a second more in all for so many bytes that it has taken
_GATHERED = 64 * 1024  # bytes of headers, and of a body, that are gathered without a thread
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)  # an answer before it sends the body
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_NO_LENGTH = b'{"detail": "the body has no Content-Length; send it whole, and its length"}'
_LENGTH_REQUIRED = (
    b"HTTP/1.1 411 Length Required\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_NO_LENGTH), _NO_LENGTH)
)
_PROBES = (b"GET /livez", b"GET /readyz")
_PROBE_THREADS = 2


class AnswerSocket(socket.socket):
    """A connection whose client has to take its answers."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, sock.proto, fileno=sock.detach())
        self.begin()

    def begin(self) -> None:
        """A new answer begins. Only waiting for the client counts, so the app may take its time."""
        self._left = _ANSWER_S

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Raises ConnectionResetError if nothing was taken for 10 s, or less than 64 KiB a second
        over the whole answer."""
        if self.gettimeout() == 0:
            super().sendall(data, flags)
            return
        rest = memoryview(data).cast("B")
        try:
            while rest:
                began = time.monotonic()
                self.settimeout(min(self._left, _ANSWER_S))
                sent = self.send(rest, flags)
                rest = rest[sent:]
                self._left += sent / _ANSWER_RATE - (time.monotonic() - began)
                if self._left <= 0:
                    raise TimeoutError
        except TimeoutError as error:
            raise ConnectionResetError(
                errno.ECONNRESET, "the client does not take its answer"
            ) from error
        finally:
            self.settimeout(None)


class DeadlineUnreader(SocketUnreader):  # type: ignore[misc]
    """A connection that is read until a deadline, which what has come puts off."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.begin()

    def begin(self) -> None:
        """A new request begins."""
        self._deadline = time.monotonic() + _BODY_S

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Raises RequestTimeout once the deadline has passed."""
        left = self._deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            data: bytes = super().chunk(size_hint)
        except TimeoutError as error:
            raise RequestTimeout(
                f"the request did not arrive within {_BODY_S:g} s and {_BODY_RATE // 1024} KiB a "
                "second; send it faster, or fewer tasks at a time"
            ) from error
        finally:
            self.sock.settimeout(None)
        self._deadline += len(data) / _BODY_RATE
        return data


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which gathers headers without a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gathering: deque[TConn] = deque()  # the first is the first to be late
        self._probes: ThreadPoolExecutor | None = None

    def init_process(self) -> None:
        self._probes = ThreadPoolExecutor(_PROBE_THREADS, thread_name_prefix="probe")
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: requests answer with what they have."""
        self.cfg.set("graceful_timeout", STOP_S)  # of this process; the parent waits for longer
        self._hurry()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Ctrl-C."""
        self._hurry()
        super().handle_quit(sig, frame)

    def _hurry(self) -> None:
        app = getattr(self, "wsgi", None)
        if app is not None:
            app.extensions[KEY].hurry()

    def accept(self, listener: socket.socket) -> None:
        """A new connection, whose headers are waited for."""
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self._gather(TConn(self.cfg, AnswerSocket(sock), address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """The next request on a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def murder_pending(self) -> None:
        """Closes connections whose headers are late."""
        super().murder_pending()
        while self._gathering and self._gathering[0].timeout <= time.monotonic():
            self._drop(self._gathering[0])

    def murder_keepalived(self, force: bool = False) -> None:
        """Closes what is kept for too long; a worker that stops waits for no headers either."""
        super().murder_keepalived(force)
        while self._gathering and not self.alive:
            self._drop(self._gathering[0])

    def enqueue_req(self, conn: TConn) -> None:
        """Gives the connection to a thread, a probe's to one of its own."""
        conn.parser.unreader.begin()
        conn.sock.begin()
        pool = self._probes if conn.is_probe and self._probes is not None else self.tpool
        done = pool.submit(self.handle, conn)
        done.add_done_callback(
            lambda future: self.method_queue.defer(self.finish_request, conn, future)
        )

    def _gather(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.head = bytearray()
        conn.timeout = time.monotonic() + _HEADERS_S
        self._gathering.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_head, conn))

    def _on_head(self, conn: TConn, client: socket.socket) -> None:
        try:
            data = client.recv(_GATHERED)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
            return
        conn.head += data
        if _has_no_length(conn.head):
            with suppress(OSError):
                client.send(_LENGTH_REQUIRED)
            self._drop(conn)
        elif _is_gathered(conn.head):
            self.poller.unregister(client)
            self._gathering.remove(conn)
            self._hand_to_a_thread(conn)

    def _hand_to_a_thread(self, conn: TConn) -> None:
        if not conn.initialized:
            conn.init()
            conn.parser.unreader = DeadlineUnreader(conn.sock)
        conn.sock.setblocking(True)
        conn.data_ready = True
        conn.is_probe = bytes(conn.head[:11]).startswith(_PROBES)
        conn.parser.unreader.unread(bytes(conn.head))
        del conn.head
        self.enqueue_req(conn)

    def _drop(self, conn: TConn) -> None:
        self._gathering.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def _has_no_length(data: bytearray) -> bool:
    """Whether all headers are there, and announce a body in chunks."""
    end = data.find(_END_OF_HEAD)
    return end >= 0 and _CHUNKED.search(data, 0, end + 2) is not None


def _is_gathered(data: bytearray) -> bool:
    """Whether a thread need not wait: headers and a small body are there, or headers alone of a
    large one."""
    end = data.find(_END_OF_HEAD)
    if end < 0:
        return len(data) >= _GATHERED  # gunicorn has limits of its own for headers
    head = bytes(data[: end + 2])
    length = _LENGTH.search(head)
    if length is None or _EXPECTS.search(head):
        return True
    body = int(length[1])
    return body > _GATHERED or len(data) >= end + len(_END_OF_HEAD) + body
