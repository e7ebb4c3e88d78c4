"""A backup's rows: an SQLite file with the tables of a schema, which any SQLite program reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from hemline.settings import get_settings
from hemline.store.database.engine import Store


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """The file as a store, which is one file again when the block ends."""
    store = Store(f"sqlite:///{quote(str(path))}")
    try:
        yield store
    finally:
        store.dispose()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for such a file, in HEMLINE_HOME if there is one: /tmp may be memory."""
    home = get_settings().home_path
    place = home if home.is_dir() else None
    with TemporaryDirectory(prefix=".backup-", dir=place) as name:
        yield Path(name)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
