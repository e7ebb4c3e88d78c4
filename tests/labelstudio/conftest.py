"""What the tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.labelstudio.web_server import WebServer, serve


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serve() as server:
        yield server


@pytest.fixture
def other_web() -> Iterator[WebServer]:
    with serve() as server:
        yield server
