"""Who can reach the backend without credentials, by its settings: what its start refuses or says.

`hemline doctor` says the same before a start.
"""

import socket
from ipaddress import ip_address

from hemline.settings import Settings


def open_beyond_this_machine(settings: Settings) -> bool:
    """Whether whoever reaches the backend from elsewhere may call it.

    Raises OSError if the host of the settings has no address.
    """
    return not settings.basic_auth_user and not _is_loopback(settings.host)


def open_backend_refusal(settings: Settings) -> str | None:
    """Why the backend does not start with these settings, and the way out; None if it does."""
    if settings.allow_open or not open_beyond_this_machine(settings):
        return None
    return (
        f"the backend would listen on '{settings.host}' for whoever reaches it; set "
        "BASIC_AUTH_USER and BASIC_AUTH_PASS, or HOST=127.0.0.1, or, where something else keeps "
        "others out, HEMLINE_ALLOW_OPEN=true"
    )


def refused_webhooks(settings: Settings) -> str | None:
    """Why Label Studio's webhooks will be refused, and the way out; None if they are let in."""
    if not settings.basic_auth_user or settings.webhook_secret:
        return None
    return (
        "BASIC_AUTH_USER is set and HEMLINE_WEBHOOK_SECRET is not: Label Studio's webhooks, "
        "which carry no password, will be refused; set it and run `hemline connect`"
    )


def _is_loopback(host: str) -> bool:
    """Whether all addresses of a host are this machine's own; an empty one is every address."""
    found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return all(ip_address(str(entry[4][0]).partition("%")[0]).is_loopback for entry in found)
