"""Where a task's photo may be fetched from: an address is judged before anything is opened."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from unicodedata import category
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from hemline.errors import ImageError
from hemline.redaction import redact
from hemline.settings import Settings

_UPLOADS = "/data/upload/"
_LOCAL_FILES = "/data/local-files"
# Pages that serve a file, and the query parameter that names it.
_FILE_PARAMETERS = {_LOCAL_FILES: "d", "/storage-data/uploaded": "filepath"}
_STORAGE_SCHEMES = ("s3", "gs", "azure-blob")
# Unicode's categories of what no address may have: controls, line and paragraph separators, halves
# of a pair. Joiners and other marks that are not seen belong to names in many scripts.
_NO_LETTERS = frozenset({"Cc", "Zl", "Zp", "Cs"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DECODINGS = 5
_SHOWN = 200
_LONGEST = 8192  # what servers take at most


@dataclass(frozen=True)
class LabelStudioAddress:
    """A photo that Label Studio serves to its users. `path` begins with a slash."""

    path: str
    name: str

    @property
    def local_file(self) -> str | None:
        """Path below the local files root, if that is where the photo lies."""
        parts = urlsplit(self.path)
        if parts.path.rstrip("/") != _LOCAL_FILES:
            return None
        return parse_qs(parts.query)[_FILE_PARAMETERS[_LOCAL_FILES]][0].lstrip("/")


@dataclass(frozen=True)
class StorageAddress:
    """A photo in cloud storage that Label Studio has the keys to."""

    uri: str
    name: str


@dataclass(frozen=True)
class WebAddress:
    """A photo at a host that the settings allow."""

    url: str
    name: str


PhotoAddress = LabelStudioAddress | StorageAddress | WebAddress


def parse_photo_address(url: str, settings: Settings) -> PhotoAddress:
    """Raises ImageError, which says what would be allowed, for any other address."""
    parts = _split(url)
    if parts.scheme == "" and parts.netloc == "":
        return _label_studio_address(url, parts, _prefix(settings.label_studio_url))
    if parts.scheme in _STORAGE_SCHEMES:
        key = url.partition("://")[2].partition("/")[2]  # `#` and `?` are letters of it
        _refuse_parent_folders(url, key)
        return StorageAddress(url, _name(key) or parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ImageError(
            f"image address {shown(url)} is not allowed: only http, https, cloud storage and Label "
            "Studio's own files are"
        )
    if "@" in parts.netloc:
        raise ImageError(
            f"image address {shown(url)} is not allowed: it carries a user name or password"
        )
    for own in (settings.label_studio_url, settings.link_url):
        if origin(parts) == origin(urlsplit(own)) and parts.path.startswith(_prefix(own) + "/"):
            return _label_studio_address(url, parts, _prefix(own))
    if not is_listed_host(parts, settings.image_hosts):
        raise ImageError(
            f"image address {shown(url)} is not allowed: add {parts.netloc} to HEMLINE_IMAGE_HOSTS "
            "if its photos are to be fetched"
        )
    _refuse_parent_folders(url, parts.path)
    return WebAddress(url, _name(unquote(parts.path)) or parts.netloc)


def is_listed_host(parts: SplitResult, hosts: tuple[str, ...]) -> bool:
    """Whether `host` (at its scheme's own port) or `host:port` is among the hosts allowed."""
    host, port = (parts.hostname or "").rstrip("."), _port(parts)
    bracketed = f"[{host}]" if ":" in host else host
    names = {f"{bracketed}:{port}"}
    if port == _DEFAULT_PORTS[parts.scheme]:
        names |= {host, bracketed}
    return any(allowed.lower() in names for allowed in hosts)


def origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port: what makes two addresses the same server."""
    return parts.scheme, (parts.hostname or "").rstrip("."), _port(parts)


def shown(url: str) -> str:
    """The address for a message: no query, where signatures stand, and not endless."""
    text = redact(url)
    if "://" in url and not url.startswith(("file:", "data:")):
        text = text.partition("?")[0]
    return repr(text[:_SHOWN] + ("..." if len(text) > _SHOWN else ""))


def _name(path: str) -> str:
    """The file's name, for messages: its end if it is endless."""
    return PurePosixPath(path).name[-_SHOWN:]


def _split(url: str) -> SplitResult:
    if len(url) > _LONGEST:
        raise ImageError(
            f"image address {shown(url)} has {len(url)} characters, over the limit of {_LONGEST}; "
            "shorten it"
        )
    for wrong, fault in (
        (not url.strip(), "it is empty"),
        (url != url.strip(), "it starts or ends with whitespace; remove it"),
        ("\\" in url, "it has a backslash; write '/', or '%5C' if it is part of a name"),
        (
            any(category(letter) in _NO_LETTERS for letter in url),
            "it has a line break or another control character; percent-encode it, as '%0A'",
        ),
    ):
        if wrong:
            raise ImageError(f"image address {shown(url)} is not allowed: {fault}")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ImageError(f"image address {shown(url)} cannot be read: {error}") from None
    return parts


def _label_studio_address(url: str, parts: SplitResult, prefix: str) -> LabelStudioAddress:
    path = parts.path.removeprefix(prefix)
    parameter = _FILE_PARAMETERS.get(path.rstrip("/"))
    if path.startswith(_UPLOADS):
        named = unquote(path)
    elif parameter is not None:
        values = parse_qs(parts.query).get(parameter, [])
        if len(values) != 1:
            raise ImageError(f"image address {shown(url)} does not name one file")
        named = values[0]
    else:
        raise ImageError(
            f"image address {shown(url)} is not allowed: Label Studio's photos are below "
            "/data/upload/ and /data/local-files/"
        )
    _refuse_parent_folders(url, path, named)
    return LabelStudioAddress(f"{path}?{parts.query}" if parts.query else path, _name(named))


def _refuse_parent_folders(url: str, *paths: str) -> None:
    """Refuse `..` however often it is percent-encoded: each server on the way may decode once."""
    for path in paths:
        decoded = path
        for _ in range(_DECODINGS):
            if ".." in decoded.replace("\\", "/").split("/"):
                raise ImageError(f"image address {shown(url)} is not allowed: it contains '..'")
            decoded = unquote(decoded)


def _prefix(base: str) -> str:
    """The folder in which Label Studio is mounted, such as /labels; mostly empty."""
    return urlsplit(base).path.rstrip("/")


def _port(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
