"""`hemline backup` and `hemline restore`: a whole installation moves, and nothing is damaged."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hemline.cli import build_app
from hemline.errors import BackupError, StoreError
from hemline.masks.codecs.png import decode_class_mask
from hemline.settings import get_settings
from hemline.store.loop.jobs import queue_job
from hemline.store.models.snapshots import read_manifest, take_snapshot
from hemline.store.states import JobKind
from hemline.store.tables.loop import Annotation, DatasetSnapshot, ModelVersion, Project
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_project
from worker.pool.predict_pool import predict_pool
from worker.services import Services, build_services
from worker.verify import find_damage

Deliver = Callable[[dict[str, Any]], None]
Command = Callable[..., Result]


@pytest.fixture
def worked(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
) -> Project:
    """A project with pre-fills, a correction of task 5 and a snapshot."""
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(5, brush(disc(4)[1]))))
    ingest_deliveries(services)
    reconcile_project(services, project)
    with services.store.session() as session:
        job = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    predict_pool(services, job.id)
    with services.store.session() as session:
        take_snapshot(session, services.artifacts, project.id, ["garment"])
    return project


@pytest.fixture
def command() -> Command:
    def command(*arguments: str) -> Result:
        return CliRunner().invoke(build_app(), arguments)

    return command


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Services]]:
    """Settings name another home from now on; makes the services there."""
    made = []

    def make() -> Services:
        made.append(build_services(get_settings()))
        return made[0]

    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path / "other home"))
    get_settings.cache_clear()
    yield make
    for services in made:
        services.client.close()
        services.store.dispose()


def test_a_restored_installation_has_every_mask_and_nothing_is_damaged(
    services: Services,
    worked: Project,
    command: Command,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    with services.store.reading() as session:
        digest = session.query(Annotation).one().mask_digest
    assert digest is not None
    mask = decode_class_mask(services.artifacts.get(digest))
    folder = str(tmp_path / "backup")
    told = command("backup", folder)
    assert told.exit_code == 0, told.output
    assert "tokens are not part of a backup" in told.output
    elsewhere = request.getfixturevalue("elsewhere")
    assert command("restore", folder, "--verify-only").exit_code == 0
    assert not (tmp_path / "other home").exists()
    told = command("restore", folder)
    assert told.exit_code == 0, told.output
    assert "24 rows of task" in told.output
    there: Services = elsewhere()
    assert list(find_damage(there)) == []
    assert set(there.artifacts.digests()) == set(services.artifacts.digests())
    with there.store.reading() as session:
        restored = session.query(Annotation).one().mask_digest
        manifest = read_manifest(there.artifacts, session.query(DatasetSnapshot).one())
    assert restored == digest
    assert np.array_equal(decode_class_mask(there.artifacts.get(restored)), mask)
    assert [item.mask_digest for item in manifest.items] == [digest]
    again = command("restore", folder)
    assert isinstance(again.exception, BackupError)
    assert "is not empty" in str(again.exception)


def test_what_could_not_be_backed_up_ends_with_an_error(
    services: Services, worked: Project, command: Command, champion: ModelVersion, tmp_path: Path
) -> None:
    services.artifacts.remove(champion.weights_digest)
    told = command("backup", str(tmp_path / "backup"))
    assert isinstance(told.exception, BackupError)
    assert "1 artifacts are damaged or missing" in str(told.exception)
    told = command("restore", str(tmp_path / "backup"), "--verify-only")
    assert told.exit_code == 0
    assert "1 artifacts were missing when it was taken" in told.output
    again = command("backup", "--verify", str(tmp_path / "backup"))
    assert isinstance(again.exception, BackupError)


def test_there_has_to_be_a_database_to_back_up(
    command: Command, settings: object, elsewhere: object, tmp_path: Path
) -> None:
    assert isinstance(command("backup", str(tmp_path / "backup")).exception, StoreError)
    assert isinstance(command("restore", str(tmp_path / "none")).exception, BackupError)
    assert not (tmp_path / "backup").exists()
    assert not (tmp_path / "other home").exists()
