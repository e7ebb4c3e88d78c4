"""Clients that send slowly, or nothing, hold nobody up."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from backend import connections
from tests.backend.running import RunningBackend

SLOW_HEADERS = b"GET /health HTTP/1.1\r\nHost: hemline\r\nX-Slow: "
SLOW_SMALL_BODY = b"POST /setup HTTP/1.1\r\nHost: hemline\r\nContent-Length: 1000\r\n\r\n{"
SLOW_LARGE_BODY = b"POST /predict HTTP/1.1\r\nHost: hemline\r\nContent-Length: 90000000\r\n\r\n{"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    home: Path = tmp_path_factory.mktemp("home")
    with RunningBackend(home, THREADS="2") as server:
        yield server


@contextmanager
def dripping(server: RunningBackend, beginning: bytes) -> Iterator[list[socket.socket]]:
    """Sixty connections that send a byte four times a second."""
    stop = threading.Event()
    with ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            for _ in range(60)
        ]
        for one in held:
            one.sendall(beginning)

        def drip() -> None:
            while not stop.wait(0.25):
                for one in held:
                    with suppress(OSError):
                        one.send(b" ")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield held
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("beginning", [SLOW_HEADERS, SLOW_SMALL_BODY])
def test_sixty_that_are_slow_to_ask_hold_no_thread(
    server: RunningBackend, beginning: bytes
) -> None:
    with dripping(server, beginning) as held:
        time.sleep(0.5)
        for path in ("/livez", "/health", "/versions"):
            assert server.ask("GET", path)[0] == 200
        assert server.ask("POST", "/setup", {"project": "1.1", "schema": "<View/>"})[0] == 422
        held[0].settimeout(60)
        assert held[0].recv(1) == b""  # its deadline has passed


def test_probes_answer_while_large_bodies_hold_every_thread(server: RunningBackend) -> None:
    with dripping(server, SLOW_LARGE_BODY) as held:
        time.sleep(0.5)
        for _ in range(5):
            assert server.ask("GET", "/livez")[0] == 200
        held[0].settimeout(60)
        answer = held[0].recv(4096)
    assert answer.startswith(b"HTTP/1.1 408")


def test_requests_that_come_in_pieces_are_answered_and_connections_are_kept(
    server: RunningBackend,
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        for _ in range(2):
            for piece in (b"GET /livez HT", b"TP/1.1\r\nHost: h\r", b"\n\r", b"\n"):
                client.sendall(piece)
                time.sleep(0.05)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        client.sendall(b"POST /setup HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{")
        time.sleep(0.05)
        client.sendall(b"}")
        assert client.recv(4096).startswith(b"HTTP/1.1 400")


def test_a_body_without_a_length_is_refused_before_it_has_a_thread(server: RunningBackend) -> None:
    beginning = b"POST /setup HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
    with dripping(server, beginning) as held:
        time.sleep(0.3)
        assert server.ask("GET", "/versions")[0] == 200
        held[0].settimeout(5)
        assert held[0].recv(4096).startswith(b"HTTP/1.1 411")


@contextmanager
def answering() -> Iterator[tuple[connections.AnswerSocket, socket.socket]]:
    """A connection as the backend holds it, and its client's."""
    ours, client = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with client, connections.AnswerSocket(ours) as answer:
        yield answer, client


def test_a_client_that_does_not_take_its_answer_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_ANSWER_S", 0.2)
    with answering() as (answer, _):
        answer.begin()
        with pytest.raises(ConnectionResetError, match="does not take its answer"):
            answer.sendall(bytes(5_000_000))


@pytest.mark.parametrize(("rate", "is_let_go"), [(2**12, False), (2**26, True)])
def test_a_client_that_takes_its_answer_slowly_has_a_bounded_time(
    rate: int, is_let_go: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_ANSWER_RATE", rate)
    monkeypatch.setattr(connections, "_ANSWER_S", 0.5 if is_let_go else 20)
    size = 200_000
    with answering() as (answer, client):
        answer.begin()

        def take() -> int:
            taken = 0
            while data := client.recv(4000):
                taken += len(data)
                time.sleep(0.02)
            return taken

        with ThreadPoolExecutor(1) as pool:
            taken = pool.submit(take)
            with pytest.raises(ConnectionResetError) if is_let_go else nullcontext():
                answer.sendall(bytes(size))
            answer.close()
            assert (taken.result() < size) is is_let_go


def test_without_a_password_no_body_is_read(tmp_path: Path) -> None:
    env = {"BASIC_AUTH_USER": "lucy", "BASIC_AUTH_PASS": "Passw0rd"}
    with (
        RunningBackend(tmp_path, **env) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as client,
    ):
        client.sendall(SLOW_LARGE_BODY)
        assert client.recv(4096).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    ("data", "gathered"),
    [
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        (b"x" * 70_000, True),
    ],
)
def test_what_is_gathered_before_a_thread_is_given(data: bytes, gathered: bool) -> None:
    assert connections._is_gathered(bytearray(data)) is gathered
