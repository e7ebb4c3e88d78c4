"""What is stored of a candidate, by what decides on it: gold, shadow, or both."""

from pathlib import Path

import pytest

from hemline.segmentation.evaluation.evaluate import Evaluated
from hemline.segmentation.recipe.recipe import load_recipe
from hemline.segmentation.training.network_training import TrainedModel
from hemline.settings import get_settings
from hemline.store.loop.jobs import list_jobs
from hemline.store.models.evaluations import evaluations_of
from hemline.store.models.models import champion as find_champion
from hemline.store.models.models import get_version
from hemline.store.models.runs import acquire_run, get_run, queue_run
from hemline.store.models.snapshots import take_snapshot
from hemline.store.shadow.shadows import running_shadow
from hemline.store.states import ModelState, RunTrigger
from hemline.store.tables.loop import Evaluation, ModelVersion, Project
from tests.segmentation.evaluation.figures import equal_figures
from worker.lease import RunLease
from worker.services import Services, build_services
from worker.training import judge_candidate
from worker.training.judge_candidate import judge_and_store
from worker.training.snapshot_samples import SnapshotSamples


class Judging:
    """Judges candidates whose Dice on six gold garments is made up."""

    def __init__(
        self, services: Services, project: Project, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.services, self.project, self.path = services, project, path
        self.made_int8 = 0
        self._monkeypatch = monkeypatch

    def judge(self, dice: float, *, champion_dice: float = 0.8) -> Evaluation:
        measured = iter([dice, champion_dice])

        def evaluate(*_: object) -> Evaluated:
            value = next(measured)
            items = [equal_figures(f"task-{n}", f"g{n}", value) for n in range(6)]
            return Evaluated(items, [], None, None)  # type: ignore[arg-type]

        def quantise(*_: object) -> dict[str, object]:
            self.made_int8 += 1
            return {}

        self._monkeypatch.setattr(judge_candidate, "evaluate", evaluate)
        self._monkeypatch.setattr(judge_candidate, "quantise_candidate", quantise)
        self._monkeypatch.setattr(judge_candidate, "Predictor", lambda *_, **__: None)
        services = build_services(get_settings())
        with services.store.session() as session:
            snapshot = take_snapshot(session, services.artifacts, self.project.id, ["garment"])
            run = queue_run(session, self.project.id, snapshot.id, RunTrigger.COMMAND)
            assert run is not None
            assert acquire_run(session, run.id, "me", 60)
            run = get_run(session, run.id)
        self.path.write_bytes(b"weights")
        judge_and_store(
            services,
            run,
            RunLease(services.store, run.id, "me", 60, epoch=0, epochs=1),
            recipe=load_recipe("hemline"),
            trained=TrainedModel(self.path, {}),
            data=SnapshotSamples(),
            labels=["garment"],
            parent=None,
        )
        with services.store.reading() as session:
            run = get_run(session, run.id)
            (evaluation,) = evaluations_of(session, run.model_version_id or 0)
        services.client.close()
        services.store.dispose()
        return evaluation

    def state(self, evaluation: Evaluation) -> ModelState:
        with self.services.store.reading() as session:
            return get_version(session, evaluation.model_version_id).state

    def in_shadow(self) -> int | None:
        with self.services.store.reading() as session:
            shadow = running_shadow(session, self.project.id)
        return shadow.model_version_id if shadow is not None else None


@pytest.fixture
def judging(
    services: Services, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Judging:
    return Judging(services, project, tmp_path / "model.safetensors", monkeypatch)


def by(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setenv("HEMLINE_PROMOTION_BY", what)
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("what", "dice", "state", "in_shadow"),
    [
        ("gold", 0.9, ModelState.CHAMPION, False),
        ("gold", 0.7, ModelState.REJECTED, False),
        ("shadow", 0.9, ModelState.CANDIDATE, True),
        ("shadow", 0.7, ModelState.CANDIDATE, True),
        ("both", 0.9, ModelState.CANDIDATE, True),
        ("both", 0.7, ModelState.REJECTED, False),
    ],
)
def test_what_decides_says_what_becomes_of_it(
    judging: Judging,
    champion: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    dice: float,
    state: ModelState,
    in_shadow: bool,
) -> None:
    by(monkeypatch, what)
    evaluation = judging.judge(dice)
    assert judging.state(evaluation) is state
    assert (judging.in_shadow() == evaluation.model_version_id) is in_shadow
    assert judging.made_int8 == int(in_shadow or state is ModelState.CHAMPION)
    with judging.services.store.reading() as session:
        now = find_champion(session, judging.project.id)
        jobs = list_jobs(session)
    assert now is not None
    is_promoted = state is ModelState.CHAMPION
    assert (now.id != champion.id) is evaluation.promoted is bool(jobs) is is_promoted
    if in_shadow:
        assert evaluation.decision.startswith(
            "in shadow: it is decided when people have corrected 20 new garments; measured "
            f"before, Dice {dice - 0.8:+.4f}"
        )
        assert evaluation.figures["measured"] in evaluation.decision


def test_the_next_candidate_takes_the_place_of_one_in_shadow(
    judging: Judging, champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    by(monkeypatch, "shadow")
    first, second = judging.judge(0.81), judging.judge(0.82)
    assert judging.in_shadow() == second.model_version_id
    assert judging.state(first) is ModelState.REJECTED


def test_the_first_champion_is_decided_on_gold_as_ever(
    judging: Judging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody makes pre-fills that it could be in shadow of."""
    by(monkeypatch, "both")
    evaluation = judging.judge(0.9)
    assert judging.state(evaluation) is ModelState.CHAMPION
    assert judging.in_shadow() is None
