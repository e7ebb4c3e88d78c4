"""The worker's services on either database."""

from collections.abc import Iterator

import pytest

from hemline.settings import get_settings
from tests.plugins.databases import new_database
from worker.services import Services, build_services


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def services(
    services: Services, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    if request.param == "sqlite":
        yield services
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    for url in new_database(server, template=template):
        monkeypatch.setenv("DATABASE_URL", url)
        get_settings.cache_clear()
        made = build_services(get_settings())
        yield made
        made.client.close()
        made.store.dispose()
