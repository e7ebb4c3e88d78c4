"""A project of drawn photos, filled once and copied for each test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.states import Role
from tests.backend.conftest import make_settings
from tests.backend.dashboard.served import Served
from tests.backend.dashboard.studio_project import fill_project
from tests.backend.dashboard.visitor import Visitor

FILES = "files"  # the local files root, in the home


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with 150 tasks: 75 labelled, 15 with planted faults, of which 5 are judged."""
    home = tmp_path_factory.mktemp("filled") / "home"
    settings: Settings = make_settings(home)
    store = Store(settings.database)
    store.upgrade()
    photos = home / FILES / "photos"
    fill_project(store, ArtifactStore(settings.artifacts), tasks=150, photos=photos)
    store.dispose()
    return home


@pytest.fixture
def filled(filled_home: Path, make_backend: Any, tmp_path: Path) -> Any:
    """A backend of its own on a copy of that home."""
    shutil.copytree(filled_home, tmp_path, dirs_exist_ok=True)
    return make_backend(local_files_root=tmp_path / FILES)


@pytest.fixture
def serve(chromium: Browser) -> Iterator[Callable[[Any], Served]]:
    made = []

    def start(backend: Any) -> Served:
        Visitor(backend, name="ada", role=Role.ADMIN, log_in=False)
        made.append(Served(backend, chromium))
        return made[-1]

    yield start
    for served in made:
        served.stop()
