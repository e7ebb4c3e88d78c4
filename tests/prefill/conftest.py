"""A project whose label mapping is kept in a store, on SQLite."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from hemline.prefill.label_mapping import (
    LabelMapping,
    change_mapping,
    keep_mapping,
    make_mapping,
    read_mapping,
)
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project


class Kept:
    """A project's mapping, each call in a transaction of its own; ada sets it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.session() as session:
            self.project = upsert_project(session, ls_project_id=7, title="Outfits").id

    def read(self, labels: Sequence[str]) -> LabelMapping:
        with self.store.reading() as session:
            return read_mapping(session, self.project, labels)

    def keep(self, labels: Sequence[str], *, look_up: bool = False) -> LabelMapping:
        with self.store.session() as session:
            return keep_mapping(session, self.project, labels, look_up=look_up)

    def change(
        self, labels: Sequence[str], changes: Mapping[str, Sequence[str] | None]
    ) -> LabelMapping:
        with self.store.session() as session:
            return change_mapping(session, self.project, labels, changes, by="ada")

    def make(self, labels: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> LabelMapping:
        with self.store.session() as session:
            return make_mapping(session, self.project, labels, wanted, by="ada")


@pytest.fixture
def kept(sqlite_template: Path, tmp_path: Path) -> Iterator[Kept]:
    shutil.copy(sqlite_template, tmp_path / "hemline.db")
    store = Store(f"sqlite:///{tmp_path / 'hemline.db'}")
    yield Kept(store)
    store.dispose()
