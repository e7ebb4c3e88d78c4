"""A promoted version is served as OpenVINO runs it, in int8 where that loses little."""

import pytest

from hemline.prefill.conversions import Conversions
from hemline.segmentation.runtime.cost import ALLOWED_LOSS
from hemline.store.models.models import champion as find_champion
from tests.worker.discs import write_recipe
from tests.worker.training.test_training import correct, run_of
from worker.services import Services
from worker.training.supervise import train_run

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def on_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMLINE_RUNTIME", "auto")
    monkeypatch.setenv("HEMLINE_INT8", "on")


@pytest.mark.learned
@pytest.mark.timeout(1200)
def test_a_promoted_version_says_what_int8_costs_and_runs_on_openvino(
    services: Services, fake, deliver, project, champion, tmp_path
) -> None:
    write_recipe(tmp_path / "small.toml", epochs=8)
    correct(services, fake, deliver, range(1, 23))
    run_id = 1  # what the corrections have started
    train_run(services, run_id)
    assert run_of(services, run_id).problem is None
    with services.store.reading() as session:
        version = find_champion(session, project.id)
    assert version is not None
    assert version.id != champion.id
    cost = version.figures["int8"]
    assert cost["photos"] >= 5
    assert cost["fp32_dice"] > 0.5
    assert cost["serves"] == (cost["fp32_dice"] - cost["dice"] <= ALLOWED_LOSS)
    runtime = Conversions(services.store, services.artifacts, services.settings).open(
        version.weights_digest
    )
    assert runtime.name == f"OpenVINO {'int8' if cost['serves'] else 'fp32'}"
