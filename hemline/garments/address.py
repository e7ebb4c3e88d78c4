"""Where a photo lies, by its address: the folders and the stem that its garment is read from."""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, replace
from unicodedata import normalize
from urllib.parse import parse_qsl, unquote, urlsplit

from hemline.garments.words import (
    PHOTO_SUFFIX,
    UUID,
    garment_folders,
    is_nameless,
    split_view,
)

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")
_UUID = re.compile(rf"^{UUID}", re.IGNORECASE)
_SUFFIX = re.compile(rf"{PHOTO_SUFFIX}$", re.IGNORECASE)
_PAGE = re.compile(r"\.(?:php\d?|aspx?|ashx|jsp|cgi|do|html?)$", re.IGNORECASE)
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*(?=://)")
_UPLOADS = "/data/upload/"
# Pages of Label Studio that serve a file, and the query parameter that names it.
_SERVED = {"/data/local-files": "d", "/storage-data/uploaded": "filepath"}
_FILE_PARAMETERS = (
    "file",
    "filepath",
    "filename",
    "path",
    "url",
    "src",
    "source",
    "key",
    "object",
    "image",
    "img",
    "photo",
    "name",
    "d",
    "f",
)
# What a query names a garment by, the surest first.
_GARMENT_PARAMETERS = (
    "garment",
    "garmentid",
    "product",
    "productid",
    "productcode",
    "pid",
    "sku",
    "skuid",
    "style",
    "styleid",
    "article",
    "articleid",
    "articleno",
    "item",
    "itemid",
    "itemno",
    "ean",
    "gtin",
    "upc",
    "code",
    "ref",
    "id",
    "asset",
    "assetid",
    "uuid",
    "guid",
    "imageid",
    "photoid",
)
_VIEW_PARAMETERS = ("view", "side", "angle", "pose", "shot")
_NOISE = re.compile(
    r"^(?:w|h|width|height|sz|size|q|quality|fmt|format|fm|auto|fit|crop|v|ver|version|rev|t|ts"
    r"|time|token|auth|key|apikey|sig|signature|expires?|expiry|policy|keypairid|dpr|export"
    r"|download|dl|alt|cache|cb|bg|awsaccesskeyid|googleaccessid|x(?:amz|goog|oss).*"
    r"|response.*|s[vrepti]|sr|spr|skoid|utm.*|lang|locale)$"
)


@dataclass(frozen=True, slots=True)
class PhotoPlace:
    """A photo's folders, outermost first, and its file's stem; `view` is what a query says."""

    folders: tuple[str, ...]
    stem: str
    view: str = ""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """The file that an address names. `path` is decoded, without host or bucket; empty if the
    address names no file. `uploaded`: Label Studio has put its mark before the name."""

    path: str
    uploaded: bool = False
    view: str = ""


def read_address(address: str) -> PhotoPlace:
    """The place of a photo at a task's address, decoded; without folders and stem if it has none.

    Label Studio's mark before an upload's name is not part of the stem, nor is the project's
    number a folder. Of a page that serves files the query names the place.
    """
    file = file_at(address)
    if file.uploaded:
        name = normalize("NFC", file.path).rpartition("/")[2]
        return PhotoPlace((), without_upload_prefix(_stem(name), sure=True))
    return replace(read_path(file.path), view=file.view)


def read_path(path: str) -> PhotoPlace:
    """The place of a photo at a path, as it is on disk or in a storage."""
    parts = [part for part in normalize("NFC", path).replace("\\", "/").split("/") if part]
    if not parts:
        return PhotoPlace((), "")
    return PhotoPlace(tuple(parts[:-1]), without_upload_prefix(_stem(parts[-1])))


def file_at(address: str) -> PhotoFile:
    """The file that a task's address names, in its path or in its query."""
    address = address.strip()
    scheme = _SCHEME.match(address)
    if scheme and scheme[0].lower() not in ("http", "https"):
        # A cloud storage's key: `#` and `?` are letters of it as any other.
        return PhotoFile(unquote(address.partition("://")[2].partition("/")[2]))
    try:
        parts = urlsplit(address)
    except ValueError:  # "http://[", say: fetching the photo refuses it in words
        return PhotoFile("")
    if parts.scheme == "data":
        return PhotoFile("")
    path, query = parts.path, parts.query
    if _SUFFIX.search(parts.fragment):  # a `#` that nobody encoded
        path += "" if query else f"%23{parts.fragment}"
        query += f"%23{parts.fragment}" if query else ""
    path = unquote(path)
    if _UPLOADS in path:
        return PhotoFile(path, uploaded=True)
    values = {re.sub(r"[_\-]", "", key.lower()): value for key, value in parse_qsl(query)}
    for page, parameter in _SERVED.items():
        if path.rstrip("/").endswith(page):
            return _served(values.get(parameter, ""))
    if "fileuri" in values:
        return _resolved(values["fileuri"])
    return _with_query(path, values)


def without_upload_prefix(stem: str, *, sure: bool = False) -> str:
    """The stem without the mark, eight hex digits and a hyphen, that Label Studio puts before it.

    Unless it is `sure` to be one, eight decimal digits are an article's number, and what stands
    before a view alone names the garment.

    >>> without_upload_prefix("0a1b2c3d-coat1_Front"), without_upload_prefix("20260301-coat")
    ('coat1_Front', '20260301-coat')
    """
    match = _UPLOAD_PREFIX.match(stem)
    if not match or (not sure and _UUID.match(stem)):
        return stem
    rest, mark = stem[match.end() :], stem[:8]
    if is_nameless(split_view(rest)[0]):  # nothing but the mark tells such photos apart
        return stem
    mixed = any(letter.isdigit() for letter in mark) and not mark.isdigit()
    return rest if sure or mixed else stem


def _served(path: str) -> PhotoFile:
    """An upload is served from PROJECT/MARK-NAME, or below upload/."""
    folder, _, name = path.removeprefix("upload/").rpartition("/")
    return PhotoFile(path, uploaded=folder.isdigit() and bool(_UPLOAD_PREFIX.match(name)))


def _resolved(encoded: str) -> PhotoFile:
    """What Label Studio's proxy opens: a storage's address in base 64."""
    try:
        uri = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (Base64Error, ValueError):
        uri = encoded
    return file_at(uri) if "fileuri=" not in uri else PhotoFile("")


def _with_query(path: str, values: dict[str, str]) -> PhotoFile:
    """The file that the query names, where the path is a page's and no photo's."""
    view = next((values[name] for name in _VIEW_PARAMETERS if values.get(name)), "")
    place, is_photo = read_path(path), bool(_SUFFIX.search(path))
    own, own_view = split_view(place.stem)
    if (own and own_view) or (is_photo and not is_nameless(own)):
        return PhotoFile(path)
    for name in _FILE_PARAMETERS if not is_photo else ():
        value = values.get(name, "")
        if _SUFFIX.search(value.partition("?")[0]):
            return replace(file_at(value), view=view)
    if is_photo and garment_folders(place.folders):
        return PhotoFile(path, view=view)
    for name in _GARMENT_PARAMETERS:
        if values.get(name):
            return PhotoFile(values[name], view=view)
    others = [
        f"{name}={value}"
        for name, value in sorted(values.items())
        if value and not _NOISE.match(name) and name not in _VIEW_PARAMETERS
    ]
    if is_photo or not others or any(letter.isdigit() for letter in place.stem):
        return PhotoFile(path, view=view)
    return PhotoFile(" ".join(others).replace("/", " "), view=view)


def _stem(name: str) -> str:
    return _PAGE.sub("", _SUFFIX.sub("", name)) or name
