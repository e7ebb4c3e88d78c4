"""HEMLINE_ARTIFACT_URL: a folder, or a bucket and the package that speaks its protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from hemline.errors import SettingsError
from hemline.store.database.artifact_root import ArtifactRoot, BucketRoot, FolderRoot

_CONNECT_S = 5
_SILENCE_S = 15  # without a byte; how long a transfer takes as a whole depends on its size
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Storage:
    """An object store. `extra` is Hemline's that brings its package, `options` say how long it is
    waited for."""

    extra: str
    options: Callable[[], dict[str, Any]] = field(default=dict)


def open_root(url: str) -> ArtifactRoot:
    """The root of a folder's name or of any URL that fsspec knows. Asks no storage yet.

    Raises:
        SettingsError: no package that is installed speaks the URL's protocol.
    """
    protocol, found, _ = url.partition("://")
    if not found:  # a folder's name may hold fsspec's own signs ("::")
        return FolderRoot(Path(url).expanduser().absolute())
    storage = _STORAGES.get(protocol)
    # What other hosts have stored since must be seen: nothing is remembered of a listing.
    options = {"use_listings_cache": False, **storage.options()} if storage else {}
    try:
        filesystem, root = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError) as error:
        raise SettingsError(_refusal(protocol, storage, error)) from error
    if isinstance(filesystem, LocalFileSystem):
        return FolderRoot(Path(root))
    if protocol in ("s3", "s3a"):
        vars(filesystem)["retries"] = 1  # its own, of what botocore has tried `_TRIES` times
    return BucketRoot(filesystem, protocol, root)


def check_url(url: str) -> None:
    """Raises SettingsError like `open_root`, and opens nothing: for processes that fork later."""
    protocol, found, _ = url.partition("://")
    try:
        if found:
            fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise SettingsError(_refusal(protocol, _STORAGES.get(protocol), error)) from error


def _refusal(protocol: str, storage: _Storage | None, error: Exception) -> str:
    if storage is not None and isinstance(error, ImportError):
        return (
            f"HEMLINE_ARTIFACT_URL begins with {protocol}://, and the package for that is not "
            f"installed; run `pip install 'hemline[{storage.extra}]'`"
        )
    return (
        f"HEMLINE_ARTIFACT_URL begins with {protocol}://, which cannot be used ({error}); "
        "use a folder, s3://, gs:// or az://"
    )


def _s3() -> dict[str, Any]:
    return {
        "config_kwargs": {
            "connect_timeout": _CONNECT_S,
            "read_timeout": _SILENCE_S,
            "retries": {"mode": "standard", "total_max_attempts": _TRIES},
        },
        "max_concurrency": 1,  # with more it asks for the size before each read
    }


def _gcs() -> dict[str, Any]:
    from aiohttp import ClientTimeout

    return {
        "requests_timeout": ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
    }


def _azure() -> dict[str, Any]:
    return {"connection_timeout": _CONNECT_S, "read_timeout": _SILENCE_S}


_STORAGES = {
    "s3": _Storage("s3", _s3),
    "s3a": _Storage("s3", _s3),
    "gs": _Storage("gcs", _gcs),
    "gcs": _Storage("gcs", _gcs),
    "az": _Storage("azure", _azure),
    "abfs": _Storage("azure", _azure),
    "abfss": _Storage("azure", _azure),
}
