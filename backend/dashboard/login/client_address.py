"""Whose address a request comes from, behind proxies that are trusted and those that are not."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_IPV6_NETWORK = 64  # bits; whoever has one address of it has all


def client_address(peer: str, forwarded: Iterable[str], trusted: Sequence[str]) -> str:
    """The address that logins are counted for.

    It is the peer's, unless that is a trusted proxy: then it is the last address in
    X-Forwarded-For that is not a trusted proxy's, since what stands before it anybody may have
    written. An IPv6 address counts as its /64 network.

    Args:
        peer: who opened the connection.
        forwarded: X-Forwarded-For as it came, header by header.
        trusted: addresses and networks of proxies; "*" is whoever opens the connection.
    """
    hops = [hop.strip() for header in forwarded for hop in header.split(",")]
    found = _parse(peer)
    if "*" in trusted:
        found = (_parse(hops[-1]) if hops else None) or found
        hops = []
    while found is not None and hops and _is_trusted(found, trusted):
        before = _parse(hops.pop())
        if before is None:  # a proxy that was not told whom it speaks for
            break
        found = before
    return _counted(found) if found is not None else peer


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """An address, with or without a port; None: it is none."""
    for candidate in (text, text.partition("]")[0].lstrip("["), text.rpartition(":")[0]):
        try:
            address = ip_address(candidate)
        except ValueError:
            continue
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return mapped or address
    return None


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[str]) -> bool:
    return any(address in ip_network(each) for each in trusted)


def _counted(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, _IPV6_NETWORK), strict=False))
