"""TCP ports on loopback: which are free."""

import socket

import psutil

LOOPBACK = "127.0.0.1"


def is_port_free(port: int) -> bool:
    """Whether a server could listen on the port, and none listens on any address already."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as server:
        # Servers set this too: without it a port counts as busy for a minute after its last use.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def pick_free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        port: int = server.getsockname()[1]
    return port


def port_user(port: int) -> str:
    """Who listens there, as the end of a sentence; empty if it cannot be found out."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,):
                name = psutil.Process(connection.pid).name()
                return f" by {name} (process {connection.pid})"
    except psutil.Error:
        pass  # another user's process, or a system that does not tell
    return ""
