"""Any value in any field of what Label Studio sends or answers: nothing is raised, and the
neighbour of what is odd is always taken in. Each example is an odd thing and a sound one."""

import copy
import json
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from hemline.errors import LabelStudioError
from hemline.labelstudio.messages import delivery_digest, scrub
from hemline.settings import Settings, get_settings
from hemline.store.loop.annotations import find_annotation
from hemline.system.queue import Sender
from tests.deliveries import record_delivery
from tests.plugins.databases import new_database
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_all
from worker.services import Services, build_services

Json = Any
SOME = hypothesis.settings(
    max_examples=40, suppress_health_check=list(HealthCheck), print_blob=True, derandomize=True
)
# Four checks of so many each; `make fuzz` makes 100,000 of them, for a night.
CASES = int(os.environ.get("HEMLINE_FUZZ_CASES", "500"))
MANY = hypothesis.settings(
    max_examples=CASES, suppress_health_check=list(HealthCheck), print_blob=True
)

_MOST_MEMORY = 4 * 2**30  # beyond what the process has: a blow-up is a MemoryError with a trace

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.just(10**400),
    st.just(-(2**63)),
    st.just("x" * 100_000),
    st.just("\x00\ud800"),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just([{}]),
    st.just({"id": {}}),
    st.just("9999-12-31T23:59:59-23:59"),
    st.just("0001-01-01T00:00:00+23:59"),
    st.just("http://[::1"),
    st.just("http://xn--a/\u2603"),
    st.lists(st.integers(-5, 300), max_size=8),
    st.lists(st.lists(st.floats(), max_size=3), max_size=4),
)


def paths(value: Json, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, but not within the long lists of numbers."""
    found = [at] if at else []
    children: list[tuple[Any, Json]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list) and len(value) < 20:
        children = list(enumerate(value))
    for key, child in children:
        found += paths(child, (*at, key))
    return found


def changed(value: Json, at: tuple[Any, ...], new: Json) -> Json:
    value = copy.deepcopy(value)
    inner = value
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = new
    return value


@st.composite
def spoiled(draw: st.DrawFn, whole: Json) -> Json:
    """`whole` with one to three of its values replaced."""
    for _ in range(draw(st.integers(1, 3))):
        places = paths(whole)
        if not places:
            return whole
        whole = changed(whole, draw(st.sampled_from(places)), draw(odd))
    return whole


class _NoQueue:
    def send(self, task: str, *arguments: object, queue: str) -> None:
        pass


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + _MOST_MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def services(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    monkeypatch.setattr("hemline.labelstudio.http._PAUSES_S", ())
    with contextmanager(_database)(request, settings) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        # With a secret a webhook is believed; without, Label Studio's own values would be read.
        monkeypatch.setenv("HEMLINE_WEBHOOK_SECRET", "a-secret-of-some-length")
        get_settings.cache_clear()
        services = build_services(get_settings())
        yield replace(services, sender=cast(Sender, _NoQueue()))
        services.client.close()
        services.store.dispose()


def _database(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        yield from new_database(server, template=request.getfixturevalue("postgres_template"))
    else:
        settings.home_path.mkdir(exist_ok=True)
        shutil.copy(request.getfixturevalue("sqlite_template"), settings.home_path / "hemline.db")
        yield settings.database


def take(services: Services, payload: Json) -> None:
    """What the backend does with a webhook: what it refuses there is not stored."""
    with services.store.session() as session:
        record_delivery(
            session,
            digest=delivery_digest(payload),
            action="ANNOTATION_CREATED",
            ls_project_id=7,
            payload=scrub(payload),
        )


def check_webhooks(services: Services, fake: FakeLabelStudio, how: hypothesis.settings) -> None:
    """Each odd payload is followed by a sound one, of another annotation each time."""
    whole = fake.payload("ANNOTATION_CREATED", fake.annotate(2, brush(disc(1)[1])))
    sound = fake.payload("ANNOTATION_CREATED", fake.annotate(1, brush(disc(0)[1])))
    number = iter(range(10_000, 10_000_000))

    @how
    @given(spoiled(whole))
    def check(payload: Json) -> None:
        neighbour = changed(sound, ("annotation", "id"), next(number))
        with suppress(LabelStudioError):  # which the backend answers with 400
            take(services, payload)
        take(services, neighbour)
        ingest_deliveries(services)
        assert is_in(services, neighbour["annotation"]["id"])

    check()


def check_tasks(services: Services, fake: FakeLabelStudio, how: hypothesis.settings) -> None:
    """Each odd task is on one page with a sound one, with another annotation each time."""
    fake.annotate(2, brush(disc(1)[1]))
    saved = fake.annotate(1, brush(disc(0)[1]))
    whole, sound = copy.deepcopy(fake.full_task(2)), copy.deepcopy(fake.full_task(1))
    number = iter(range(10_000, 10_000_000))

    @how
    @given(spoiled(whole))
    def check(task: Json) -> None:
        saved["id"] = next(number)
        neighbour = {**sound, "annotations": [saved]}
        body = json.dumps({"tasks": [task, neighbour]}).encode()
        fake.faults = [("GET /api/tasks/", (200, "application/json", body, {}))]
        reconcile_all(services)
        assert is_in(services, saved["id"])

    check()


def is_in(services: Services, ls_annotation_id: int) -> bool:
    with services.store.reading() as session:
        row = find_annotation(session, 1, ls_annotation_id)
    return row is not None and row.mask_digest is not None


@pytest.mark.usefixtures("project")
class TestSome:
    def test_webhooks(self, services: Services, fake: FakeLabelStudio) -> None:
        check_webhooks(services, fake, SOME)

    def test_tasks(self, services: Services, fake: FakeLabelStudio) -> None:
        check_tasks(services, fake, SOME)


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
@pytest.mark.usefixtures("project")
class TestMany:
    """Two kinds on two databases, other values in each run."""

    def test_webhooks(self, services: Services, fake: FakeLabelStudio) -> None:
        check_webhooks(services, fake, MANY)

    def test_tasks(self, services: Services, fake: FakeLabelStudio) -> None:
        check_tasks(services, fake, MANY)
