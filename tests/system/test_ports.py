"""Which ports are free."""

import os
import socket

import pytest

from hemline.system.ports import is_port_free, pick_free_port, port_user


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use(address: str) -> None:
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        assert not is_port_free(port)
        assert port_user(port).endswith(f"(process {os.getpid()})")
    assert is_port_free(port)


def test_a_port_that_was_used_a_moment_ago() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0] as accepted:
            accepted.close()  # the server's end closes first, and lingers
    assert is_port_free(port)


def test_pick() -> None:
    port = pick_free_port()
    assert is_port_free(port)
    assert port_user(port) == ""
