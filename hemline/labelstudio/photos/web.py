"""Photos from hosts other than Label Studio: each hop is judged, and the address is pinned."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import httpx

from hemline.errors import ImageError, PhotoUnavailable
from hemline.labelstudio.deadline import bounded, within
from hemline.labelstudio.not_now import is_later, is_login, retry_after_s
from hemline.labelstudio.photos.address import is_listed_host, origin, shown
from hemline.labelstudio.photos.download import PLAIN_BODY, read_body
from hemline.settings import Settings
from hemline.telemetry.spans import span

_MAX_HOPS = 5
# IPv4 in the last 32 bits: NAT64 (RFC 6052, RFC 8215), mapped, translated (RFC 2765), compatible.
_LAST_32_BITS = tuple(
    ipaddress.IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0/96", "::ffff:0:0:0/96", "::/96")
)
_ISATAP = 0x00005EFE  # RFC 5214, before the last 32 bits


@dataclass(frozen=True)
class WebPhoto:
    """A body and its ETag. `data` is None if the photo is as the ETag sent says."""

    data: bytes | None
    etag: str


def fetch_listed(url: str, settings: Settings, *, name: str, etag: str = "") -> WebPhoto:
    """From a host in HEMLINE_IMAGE_HOSTS, by way of such hosts only. Raises ImageError,
    PhotoUnavailable among them."""

    def may_go(parts: SplitResult) -> bool:
        return parts.scheme in ("http", "https") and is_listed_host(parts, settings.image_hosts)

    return _fetch(url, settings, name=name, etag=etag, may_go=may_go, public_only=False)


def fetch_presigned(url: str, settings: Settings, *, name: str) -> WebPhoto:
    """From where Label Studio's storage pointed: a host with a public address, or one in
    HEMLINE_IMAGE_HOSTS. Raises ImageError."""
    first = urlsplit(url)
    if first.scheme in ("http", "https") and is_listed_host(first, settings.image_hosts):
        return fetch_listed(url, settings, name=name)

    def may_go(parts: SplitResult) -> bool:
        return parts.scheme in ("http", "https") and origin(parts) == origin(first)

    return _fetch(url, settings, name=name, etag="", may_go=may_go, public_only=True)


def _fetch(
    url: str,
    settings: Settings,
    *,
    name: str,
    etag: str,
    may_go: Callable[[SplitResult], bool],
    public_only: bool,
) -> WebPhoto:
    headers = PLAIN_BODY | ({"If-None-Match": etag} if etag else {})
    timeout_s = settings.image_timeout_s
    # No proxies: one would look names up by itself, past the check of the address.
    with (
        within(timeout_s),
        bounded(httpx.Client(timeout=timeout_s, trust_env=False)) as client,
    ):
        for _ in range(_MAX_HOPS):
            parts = urlsplit(url)
            if "@" in parts.netloc or not may_go(parts):
                raise _not_allowed(name, url, parts)
            request = _pinned_request(client, parts, headers, public_only)
            try:
                with span(
                    "GET photo", kind="client", notes={"server.address": parts.hostname or ""}
                ) as asked:
                    response = client.send(request, stream=True)
                    asked.note("http.response.status_code", response.status_code)
                with closing(response):
                    if response.has_redirect_location:
                        url = urljoin(url, response.headers["location"])
                        continue
                    return _answer(response, url, name, settings.max_image_bytes)
            except httpx.TimeoutException:
                raise PhotoUnavailable(
                    f"photo {name!r} was not fetched from {parts.netloc} within {timeout_s:g} s; "
                    "raise HEMLINE_IMAGE_TIMEOUT_S if it is slow",
                    no_answer=True,
                ) from None
            except httpx.HTTPError as error:
                raise PhotoUnavailable(
                    f"photo {name!r} cannot be fetched from {parts.netloc}: "
                    f"{str(error) or type(error).__name__}",
                    no_answer=True,
                ) from error
    raise ImageError(f"photo {name!r}: {shown(url)} redirects more than {_MAX_HOPS} times")


def _not_allowed(name: str, url: str, parts: SplitResult) -> ImageError:
    if is_login(url):
        return PhotoUnavailable(
            f"photo {name!r} leads to a login page, {shown(url)}; let its server deliver photos "
            "without a login"
        )
    host = parts.netloc.rpartition("@")[2]
    return ImageError(
        f"photo {name!r} leads to {shown(url)}, which is not allowed; add "
        f"{host} to HEMLINE_IMAGE_HOSTS if its photos are to be fetched"
    )


def _answer(response: httpx.Response, url: str, name: str, max_bytes: int) -> WebPhoto:
    etag = response.headers.get("etag", "")
    if response.status_code == 304:
        return WebPhoto(None, etag)
    if is_later(response.status_code):
        raise PhotoUnavailable(
            f"photo {name!r} cannot be fetched now: {shown(url)} answered {response.status_code}",
            retry_after_s=retry_after_s(response.headers),
        )
    if response.status_code != 200:
        raise ImageError(
            f"photo {name!r} cannot be fetched: {shown(url)} answered {response.status_code}"
        )
    data = read_body(response, name=name, max_bytes=max_bytes)
    return WebPhoto(data, etag)


def _pinned_request(
    client: httpx.Client, parts: SplitResult, headers: dict[str, str], public_only: bool
) -> httpx.Request:
    """A request to the very address that was judged: a second look-up could give another."""
    if not public_only:
        return client.build_request("GET", urlunsplit(parts), headers=headers)
    host = parts.hostname or ""
    address = _public_address(host, parts.port or (443 if parts.scheme == "https" else 80))
    netloc = f"[{address}]" if ":" in address else address
    if parts.port is not None:
        netloc += f":{parts.port}"
    pinned = urlunsplit(parts._replace(netloc=netloc))
    return client.build_request(
        "GET",
        pinned,
        headers=headers | {"Host": parts.netloc},
        extensions={"sni_hostname": host},
    )


def _public_address(host: str, port: int) -> str:
    """The first address of the host. Raises ImageError if any of them is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PhotoUnavailable(
            f"image host {host!r} cannot be found: {error.strerror}", no_answer=True
        ) from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not _is_public(address):
            raise ImageError(
                f"image host {host!r} has the private address {address}; add it to "
                "HEMLINE_IMAGE_HOSTS if its photos are to be fetched"
            )
    return addresses[0]


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    judged = [parsed]
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = list(_embedded(parsed))
        judged = [*embedded] if parsed.ipv4_mapped is not None else [parsed, *embedded]
    return all(one.is_global and not one.is_multicast for one in judged)


def _embedded(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to, by way of a gateway or a tunnel."""
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _LAST_32_BITS):
        yield last
    if int(address) >> 32 & 0xFDFFFFFF == _ISATAP:
        yield last
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
