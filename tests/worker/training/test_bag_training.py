"""A bag after a promotion: trained on what the champion was, judged, and made champion."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from hemline.labelstudio.project.config import parse_label_config
from hemline.store.models.evaluations import evaluations_of
from hemline.store.models.models import champion as champion_of
from hemline.store.reports.follow_up_runs import follow_up_runs
from hemline.store.states import RunState, RunTrigger, Split
from hemline.store.tables.loop import ModelVersion, Project, Task, TrainingRun
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.training.test_training import correct, run_of
from worker.ingest.registry import register_task
from worker.services import Services
from worker.training.follow_ups import follow_up
from worker.training.supervise import train_run
from worker.training.triggers import readiness

# Of 12 garments of two views: 5 gold, 7 of which a bag of 2 has two folds.
_SPLITS = [Split.GOLD] * 5 + [Split.TRAIN] * 4 + [Split.VALIDATION] * 3


@pytest.fixture
def trained(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Callable[[dict[str, Any]], None],
    project: Project,
    champion: ModelVersion,
) -> ModelVersion:
    """The untrained champion, as if a run on the 24 corrections had made it."""
    config = parse_label_config(project.label_config)
    for number, ls_task in fake.tasks.items():
        row = register_task(services, project, config, ls_task)
        with services.store.session() as session:
            task = session.get(Task, row.id)
            assert task is not None
            task.split = _SPLITS[(number - 1) // 2]
    correct(services, fake, deliver, range(1, 25))
    run = run_of(services, 1)
    with services.store.session() as session:
        session.execute(
            update(TrainingRun)
            .where(TrainingRun.id == run.id)
            .values(state=RunState.SUCCEEDED, model_version_id=champion.id)
        )
        version = session.get(ModelVersion, champion.id)
        assert version is not None
        version.snapshot_id = run.snapshot_id
    return version


def version_of(services: Services, run_id: int) -> ModelVersion:
    run = run_of(services, run_id)
    assert (run.state, run.problem) == (RunState.SUCCEEDED, None)
    assert run.model_version is not None
    return run.model_version


@pytest.mark.slow
@pytest.mark.environment(HEMLINE_BAGGING="2")
def test_a_bag_follows_a_promotion_and_is_kept_if_it_wins(
    services: Services, project: Project, trained: ModelVersion
) -> None:
    request = follow_up(services, 7)
    assert request is not None
    assert request.run_id is not None, request.sentence
    before = readiness(services, project).corrections
    train_run(services, request.run_id)
    bag = version_of(services, request.run_id)
    assert bag.recipe["bagging"] == {"folds": 2}
    assert (bag.snapshot_id, bag.parent_id) == (trained.snapshot_id, trained.id)
    assert sum(len(fold["garments"]) for fold in bag.figures["folds"]) == 7
    assert readiness(services, project).corrections == before
    with services.store.reading() as session:
        (judged,) = evaluations_of(session, bag.id)
        (told,) = follow_up_runs(session, project.id)
        best = champion_of(session, project.id)
    assert judged.promoted, judged.decision  # any training beats an untrained network
    assert best is not None
    assert best.id == bag.id
    assert (told.trigger, told.version.id) == (RunTrigger.BAGGING, bag.id)
    assert told.difference == judged.figures["difference"]
    assert follow_up(services, 7) is None
