"""The revisions of the schema, read without Alembic, which takes a tenth of the backend's start."""

import re
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

import hemline
from hemline.errors import StoreError

_REVISION = re.compile(r"""^(down_)?revision\b[^=\n]*= *["']([^"'\n]+)["']""", re.MULTILINE)


def check(engine: Engine) -> None:
    """Raises StoreError unless the schema is the one this Hemline was written for."""
    with engine.connect() as connection:
        refuse_unknown(connection)
        found, head = current(connection), newest()
        if found != head:
            raise StoreError(
                f"database {engine.url.render_as_string(hide_password=True)} is at schema "
                f"{found or 'none'} and Hemline needs {head}; run `hemline migrate`"
            )


def is_newest(engine: Engine) -> bool:
    """Whether there is nothing to migrate."""
    with engine.connect() as connection:
        return current(connection) == newest()


def newest() -> str:
    """The revision that this Hemline's tables have."""
    followed = _following(migrations_folder())
    (head,) = followed.keys() - followed.values()
    return head


def is_known(revision: str) -> bool:
    """Whether it is this Hemline's revision, or an older one that it can bring up to date."""
    return revision in _following(migrations_folder())


def current(connection: Connection) -> str | None:
    """The revision of a database; None for one without our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def refuse_unknown(connection: Connection) -> None:
    """Raises StoreError for a database of a newer Hemline."""
    found = current(connection)
    if found is not None and not is_known(found):
        raise StoreError(
            f"database {connection.engine.url.render_as_string(hide_password=True)} is at schema "
            f"{found}, which this version of Hemline does not know; install the version of "
            "Hemline that made it, or a newer one"
        )


def migrations_folder() -> Path:
    """migrations/ inside an installed package, beside the package in a checkout."""
    package = Path(hemline.__file__).resolve().parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


@lru_cache(maxsize=2)
def _following(folder: Path) -> dict[str, str]:
    """Each revision with the one before it; empty for the first."""
    following = {}
    for file in sorted((folder / "versions").glob("*.py")):
        names = {bool(down): name for down, name in _REVISION.findall(file.read_text("utf-8"))}
        if False in names:
            following[names[False]] = names.get(True, "")
    return following
