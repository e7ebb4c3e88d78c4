"""The starter is made int8 once, after a pool, where OpenVINO serves."""

from pathlib import Path

import pytest

from hemline.prefill import conversions as converting
from hemline.segmentation.starter import starter_path
from hemline.store.models.models import create_version
from worker.pool.improve_network import improve_network
from worker.services import Services


@pytest.fixture(autouse=True)
def on_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMLINE_RUNTIME", "auto")
    monkeypatch.setenv("HEMLINE_INT8", "on")  # whatever this machine's CPU is


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules that were run as children; what they leave is made up."""
    ran: list[str] = []

    def run(module: str, arguments: list[str], log_path: Path) -> str:
        ran.append(module.rpartition(".")[2])
        out = Path(arguments[-1])
        out.write_bytes(b"a network")
        out.with_suffix(".json").write_text('{"dice": 0.95, "fp32_dice": 0.951, "photos": 36}')
        return ""

    monkeypatch.setattr(converting, "_run_child", run)
    return ran


def version_of(services: Services, project, weights: bytes) -> int:
    digest = services.artifacts.put(weights, "weights")
    with services.store.session() as session:
        return create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest=digest,
            code_version="test",
        ).id


def test_the_starter_is_made_int8_once(services, project, ran):
    version_id = version_of(services, project, starter_path().read_bytes())
    improve_network(services, version_id)
    assert ran == []  # it is not converted yet
    digest = services.artifacts.put(starter_path().read_bytes(), "weights")
    converting.Conversions(services.store, services.artifacts, services.settings).prepare(digest)
    for _ in range(2):
        improve_network(services, version_id)
    assert ran == ["convert", "quantise"]


def test_another_version_waits_for_its_project_s_photos(services, project, ran):
    version_id = version_of(services, project, b"others")
    digest = services.artifacts.put(b"others", "weights")
    converting.Conversions(services.store, services.artifacts, services.settings).prepare(digest)
    improve_network(services, version_id)
    assert ran == ["convert"]
