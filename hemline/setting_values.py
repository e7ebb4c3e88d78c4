"""What may stand in a setting: addresses that can be called, secrets that fit into a header."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

_PLACEHOLDER = re.compile(
    r"(change|replace|fill)[-_ ]?(me|this|it|in)\b.*|your[-_ ].*|<.*>|\.{3,}|x{4,}|todo",
    re.IGNORECASE,
)
_PUBLISHED = frozenset({"0123456789abcdef0123456789abcdef01234567"})  # in an earlier .env.example
_SECRET_PARAMETERS = ("password", "passfile", "sslpassword")
_CREDENTIALS = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_CLIENT_SECRET",
    "OTEL_EXPORTER_OTLP_HEADERS",
)
_SECRET_PARTS = frozenset({"accountkey", "sharedaccesssignature"})  # of a connection string


def not_a_placeholder(value: str) -> str:
    """A secret that somebody has chosen. Raises ValueError for what examples have in its place."""
    if _PLACEHOLDER.fullmatch(value) or value in _PUBLISHED:
        raise ValueError("it is the placeholder of an example; choose a long random text")
    return value


def server_address(value: str) -> str:
    """A database's or broker's address in one line, with a password that is no placeholder.

    Raises ValueError.
    """
    one_line(value)
    for secret in secrets_of_address(value):
        not_a_placeholder(unquote(secret))
    return value


def web_address(value: str) -> str:
    """An http or https address as it is; empty stays empty.

    Raises ValueError, without the value, which may hold a password.
    """
    if not value:
        return value
    if not value.isprintable() or any(character.isspace() for character in value):
        raise ValueError("it contains whitespace or a control character")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"it is not an address ({error})") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("it must be an address such as http://studio.example.com:8080")
    if "@" in parts.netloc:
        raise ValueError("it carries a user name or a password; leave them out")
    if parts.query or parts.fragment:
        raise ValueError("it has a ? or a #; leave out what follows")
    if not value.isascii():
        _check_names(value)
    return value


def one_line(value: str) -> str:
    """A text without line breaks and control characters. Raises ValueError."""
    if not value.isprintable():
        raise ValueError("it contains a line break or a control character; copy it again")
    return value


def header_text(value: str) -> str:
    """A secret that is sent in a header: visible ASCII. Raises ValueError."""
    if not all("!" <= character <= "~" for character in value):
        raise ValueError(
            "it has a blank, a line break or a character that is not ASCII; copy it again"
        )
    return value


def decoded_headers(value: str) -> dict[str, str]:
    """Headers as OpenTelemetry writes them: NAME=VALUE,NAME=VALUE, the values percent-encoded.

    Raises ValueError.
    """
    headers = {}
    for pair in filter(None, value.split(",")):
        name, found, text = pair.partition("=")
        if not found or not name:
            raise ValueError("it must be NAME=VALUE, with commas between several")
        headers[name] = unquote(text)
        if not headers[name].isprintable():
            raise ValueError("a value in it has a control character; copy it again")
    return headers


def user_name(value: str) -> str:
    """A name that Basic auth can carry. Raises ValueError."""
    if ":" in value:
        raise ValueError("it has a colon, which Basic auth does not allow in a user name")
    return one_line(value)


def secrets_of_address(url: str) -> list[str]:
    """Passwords in a database's or broker's address."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return []
    given = [password] if password else []
    return given + [text for name, text in parse_qsl(parts.query) if name in _SECRET_PARAMETERS]


def environment_secrets(environment: Mapping[str, str]) -> list[str]:
    """Credentials of storage and of the collector of traces, which their own libraries read."""
    found = [environment[name] for name in _CREDENTIALS if environment.get(name)]
    for part in environment.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() in _SECRET_PARTS:
            found.append(value)
    headers = environment.get("OTEL_EXPORTER_OTLP_HEADERS", "")
    return found + [pair.partition("=")[2] for pair in headers.split(",")]


def _check_names(url: str) -> None:
    import httpx  # slow to import, and few addresses need it

    try:
        httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"it is not an address that can be called ({error})") from None
