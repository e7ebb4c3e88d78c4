"""A database that cannot be used now: whose disk is full, that another holds, or that is away."""

from typing import Any

from sqlalchemy.exc import DBAPIError

from hemline.errors import StoreUnavailable

_RETRY_FULL_S = 60.0
_RETRY_BUSY_S = 5.0
_SQLITE_BUSY = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED
_SQLITE_FULL = frozenset({10, 13})  # SQLITE_IOERR, which a full disk may be too, and SQLITE_FULL
_POSTGRESQL_FULL = "53100"
_POSTGRESQL_AWAY = ("08", "53", "57")  # connections, resources, a server that starts or stops


def unavailable(error: DBAPIError, name: str) -> StoreUnavailable | None:
    """The error in words if the same call may succeed later; None if it would not.

    name: the database, without its password.
    """
    cause: Any = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    state = getattr(cause, "sqlstate", None)
    if (code is not None and code & 0xFF in _SQLITE_FULL) or state == _POSTGRESQL_FULL:
        return StoreUnavailable(
            f"database {name} cannot be written ({_first_line(cause)}); make room on its disk",
            retry_after_s=_RETRY_FULL_S,
            is_full=True,
        )
    if code is not None and code & 0xFF in _SQLITE_BUSY:
        return busy(name)
    if error.connection_invalidated or (state or "").startswith(_POSTGRESQL_AWAY):
        return StoreUnavailable(
            f"database {name} does not answer ({_first_line(cause)}); check DATABASE_URL and that "
            "the server runs",
            retry_after_s=_RETRY_BUSY_S,
        )
    return None


def busy(name: str) -> StoreUnavailable:
    """Another process writes, for longer than one waits for it."""
    return StoreUnavailable(
        f"database {name} is held by another process that writes; try again in a moment",
        retry_after_s=_RETRY_BUSY_S,
    )


def _first_line(cause: Any) -> str:
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__
