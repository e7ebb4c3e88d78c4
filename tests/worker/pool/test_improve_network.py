"""Starter and click network are made int8 once, after a pool, where OpenVINO serves."""

import json
from pathlib import Path

import pytest

from hemline.errors import ModelError
from hemline.prefill import conversions as converting
from hemline.segmentation.clicks.shipped_clicks import clicks_digest
from hemline.segmentation.runtime.openvino_library import converter_version
from hemline.segmentation.starter import starter_path
from hemline.store.loop.jobs import fail_job, queue_job
from hemline.store.models.conversions import find_conversion
from hemline.store.models.models import create_version
from hemline.store.states import JobKind
from hemline.store.tables.loop import Attempt
from worker.pool.improve_network import improve_network, improve_when_idle
from worker.services import Services


@pytest.fixture(autouse=True)
def on_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMLINE_RUNTIME", "auto")
    monkeypatch.setenv("HEMLINE_INT8", "on")  # whatever this machine's CPU is


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules that were run as children; what they leave is made up."""
    ran: list[str] = []

    def run(module: str, arguments: list[str], log_path: Path, **_: float) -> str:
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


def conversions(services: Services) -> converting.Conversions:
    return converting.Conversions(services.store, services.artifacts, services.settings)


def test_starter_and_click_network_are_made_int8_once(services, project, ran):
    version_id = version_of(services, project, starter_path().read_bytes())
    improve_network(services, version_id)
    assert ran == ["convert_clicks", "quantise_clicks"]  # the starter is not converted yet
    assert not conversions(services).may_improve_clicks()
    digest = services.artifacts.put(starter_path().read_bytes(), "weights")
    conversions(services).prepare(digest)
    for _ in range(2):
        improve_network(services, version_id)
    assert ran[2:] == ["convert", "quantise"]
    assert not conversions(services).may_improve(digest)


def test_another_version_waits_for_its_project_s_photos(services, project, ran):
    version_id = version_of(services, project, b"others")
    digest = services.artifacts.put(b"others", "weights")
    conversions(services).prepare(digest)
    improve_network(services, version_id)
    assert "quantise" not in ran


def test_what_is_killed_each_time_is_not_tried_for_ever(services, ran, monkeypatch):
    made = conversions(services)
    made.prepare_clicks()

    def killed(*_: object, **__: object) -> str:
        raise ModelError("the conversion ended with status -9")

    monkeypatch.setattr(converting, "_run_child", killed)
    for _ in range(2):
        with pytest.raises(ModelError, match="status -9"):
            made.improve_clicks()
        assert made.may_improve_clicks()
    made.improve_clicks()
    assert not made.may_improve_clicks()
    with services.store.reading() as session:
        found = find_conversion(session, clicks_digest(), "int8", converter_version())
        assert found is not None
        assert found.problem == "it was killed or took too long all 3 times it was tried"
        assert session.query(Attempt).count() == 0


def test_what_openvino_cannot_run_is_not_made_int8_for_ever(services, monkeypatch):
    monkeypatch.setattr(converting, "_run_child", lambda *_, **__: "an operator is missing")
    assert conversions(services).may_improve_clicks()
    conversions(services).improve_clicks()
    assert not conversions(services).may_improve_clicks()


@pytest.mark.parametrize(("int8_dice", "serves"), [(0.9495, True), (0.9485, False)])
def test_clicks_run_in_int8_unless_that_costs_too_much(
    services, ran, int8_dice, serves, monkeypatch
):
    fp32 = conversions(services)
    fp32.prepare_clicks()
    form = fp32.form(clicks_digest())
    run = converting._run_child

    def with_dice(module: str, arguments: list[str], log_path: Path, **_: float) -> str:
        problem = run(module, arguments, log_path)
        figures = {"dice": int8_dice, "fp32_dice": 0.951, "photos": 36}
        Path(arguments[-1]).with_suffix(".json").write_text(json.dumps(figures))
        Path(arguments[-1]).write_bytes(b"another network")
        return problem

    monkeypatch.setattr(converting, "_run_child", with_dice)
    fp32.improve_clicks()
    assert (conversions(services).form(clicks_digest()) != form) == serves


def test_without_a_click_network_pools_go_on(services, project, ran, monkeypatch):
    def gone() -> str:
        raise ModelError("the click network is missing; install Hemline again")

    monkeypatch.setattr(converting, "clicks_digest", gone)
    improve_network(services, version_of(services, project, b"others"))
    assert ran == []


@pytest.fixture
def queues(services, monkeypatch) -> dict[str, int]:
    """Messages that wait by queue, and what is sent is kept in `sent`."""
    waiting = {"train": 0}
    monkeypatch.setattr(type(services.sender), "waiting", lambda self, queue: waiting.get(queue))
    return waiting


@pytest.fixture
def sent(services, monkeypatch) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        type(services.sender), "send", lambda self, *given, queue: found.append((*given, queue))
    )
    return found


def test_it_is_done_without_a_pool_too_when_nothing_waits(
    services, project, champion, ran, queues, sent
):
    queues["train"] = 1
    improve_when_idle(services)
    assert sent == []
    queues["train"] = 0
    with services.store.session() as session:
        job = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    improve_when_idle(services)
    assert sent == []
    with services.store.session() as session:
        fail_job(session, job.id, None, "over")
    improve_when_idle(services)
    assert sent == [("worker.improve", champion.id, "train")]
    improve_network(services, champion.id)
    assert ran[-1] == "quantise_clicks"
    sent.clear()
    improve_when_idle(services)
    assert sent == []


def test_without_a_champion_nothing_is_made_quicker(services, project, ran, queues, sent):
    improve_when_idle(services)
    assert sent == []
