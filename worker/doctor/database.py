"""The database: there, reachable, and with the tables of this version of Hemline."""

from collections.abc import Iterator
from contextlib import contextmanager

from hemline.settings import Settings
from hemline.store.database.engine import Store, open_store
from worker.doctor.diagnosis import Diagnosis, healthy

NAME = "database"
WAY_OUT = "check DATABASE_URL and that the server runs"


def check_database(settings: Settings) -> Iterator[Diagnosis]:
    """Makes no database and no table. Raises StoreError for what is wrong."""
    with opened(settings) as store:
        yield healthy(NAME, f"{store.name}, tables up to date")


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store, closed when the block ends. Raises StoreError if it cannot be used."""
    store = open_store(settings.database)
    try:
        yield store
    finally:
        store.dispose()
