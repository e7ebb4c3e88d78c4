"""Tasks that open empty since correcting is predicted to cost more than drawing."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from active_learning.order.work_time import TimedPrefills, TimePredictor
from active_learning.ranking import Ranking
from active_learning.risk.project_risk import ProjectRisk
from active_learning.signals.prediction_signals import PREDICTION_SIGNALS
from hemline.errors import HemlineError
from hemline.prefill.left_blank import (
    is_checked,
    is_drawn,
    kept_back,
    set_blank_share,
    set_blank_where_dearer,
)
from hemline.store.effort.in_words import drawing_in_words
from hemline.store.effort.left_blank import LeftBlank, left_blank
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.corrections import shown_prediction
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.predictions import find_prediction, save_prediction
from hemline.store.loop.projects import known_project
from hemline.store.loop.tasks import get_task, upsert_task
from hemline.store.review.queries import PhotoRow, keep_ranking
from hemline.store.states import JobKind
from hemline.store.tables.loop import ModelVersion, Prediction, Project
from hemline.store.tables.review import PredictionSignals
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.reconcile import reconcile_project
from worker.pool.predict_pool import predict_pool
from worker.review.leave_blank import leave_dearer_blank
from worker.review.signals import compute_signals, signals_wait
from worker.review.times import learn_times, plain_times
from worker.services import Services
from worker.shipped_risk import shipped_risk_model

SHARE = 0.3
DRAWN = [n for n in range(1, 25) if is_drawn(7, n, SHARE)]
CHECKED = [n for n in range(1, 25) if is_checked(7, n) and n not in DRAWN]
OTHERS = [n for n in range(1, 25) if n not in (*DRAWN, *CHECKED)]


@pytest.fixture
def pooled(services: Services, project: Project, champion: ModelVersion) -> ModelVersion:
    """All 24 tasks are predicted, and those that chance leaves blank are not shown."""
    reconcile_project(services, project)
    with services.store.session() as session:
        set_blank_share(session, known_project(session, 7), SHARE)
    fill(services, champion)
    return champion


def fill(services: Services, champion: ModelVersion) -> None:
    with services.store.session() as session:
        job_id = queue_job(session, champion.project_id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, job_id)


def sort(services: Services, champion: ModelVersion, dearer: Sequence[int]) -> None:
    """As a ranking does for which these tasks are dearer to correct."""
    with services.store.reading() as session:
        project = known_project(session, 7)
        rows = []
        for number in range(1, 25):
            task = get_task(session, project.id, number)
            assert task is not None
            prediction = find_prediction(session, task.id, champion.id)
            assert prediction is not None
            rows.append(PhotoRow(task, prediction, PredictionSignals()))
    leave_dearer_blank(services, project, rows, [row.task.ls_task_id in dearer for row in rows])


def switch(services: Services, on: bool) -> None:
    with services.store.session() as session:
        set_blank_where_dearer(session, known_project(session, 7), on)


def of(services: Services, champion: ModelVersion, number: int) -> Prediction:
    with services.store.reading() as session:
        task = get_task(session, champion.project_id, number)
        assert task is not None
        found = find_prediction(session, task.id, champion.id)
        assert found is not None
        return found


def shown(fake: FakeLabelStudio) -> list[int]:
    return sorted(row["task"] for row in fake.predictions)


def counted(services: Services, project: Project) -> LeftBlank:
    with services.store.reading() as session:
        return left_blank(session, project.id)


def test_dearer_tasks_are_taken_back_and_chance_keeps_its_own(
    services: Services, fake: FakeLabelStudio, project: Project, pooled: ModelVersion
) -> None:
    assert DRAWN
    assert CHECKED
    dearer = [*OTHERS[:3], CHECKED[0], DRAWN[0]]
    switch(services, True)
    sort(services, pooled, dearer)
    assert shown(fake) == sorted([*OTHERS[3:], *CHECKED])
    by_chance = of(services, pooled, DRAWN[0])
    assert (by_chance.left_blank, by_chance.prefill_dearer, by_chance.blank_as_dearer) == (
        True,
        True,
        False,
    )
    checked = of(services, pooled, CHECKED[0])
    assert (checked.left_blank, checked.prefill_dearer) == (False, True)
    held = of(services, pooled, OTHERS[0])
    assert (held.left_blank, held.blank_as_dearer) == (True, True)
    assert held.sent_at is not None  # whoever has opened the task may have seen it
    with services.store.reading() as session:
        assert shown_prediction(session, held.task_id, None) is None
    found = counted(services, project)
    assert (found.by_chance, found.dearer, found.checked) == (len(DRAWN), 3, 1)


def test_what_is_dearer_no_longer_is_filled_again(
    services: Services, fake: FakeLabelStudio, pooled: ModelVersion
) -> None:
    switch(services, True)
    sort(services, pooled, OTHERS[:3])
    sort(services, pooled, OTHERS[2:3])
    fill(services, pooled)
    assert shown(fake) == sorted(set(OTHERS) - {OTHERS[2]} | set(CHECKED))
    assert not of(services, pooled, OTHERS[0]).prefill_dearer


@pytest.mark.parametrize("share", [SHARE, 0.0])
def test_off_fills_all_of_them_again(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    pooled: ModelVersion,
    share: float,
) -> None:
    switch(services, True)
    sort(services, pooled, [*OTHERS[:3], *CHECKED, *DRAWN])
    if share:
        switch(services, False)
    else:
        with services.store.session() as session:
            set_blank_share(session, known_project(session, 7), 0.0)
    fill(services, pooled)
    assert shown(fake) == (sorted([*OTHERS, *CHECKED]) if share else list(range(1, 25)))
    assert counted(services, project).checked == 0
    with services.store.reading() as session:
        assert known_project(session, 7).blank_where_dearer is False


def test_nothing_is_taken_back_unless_both_are_on(
    services: Services, fake: FakeLabelStudio, pooled: ModelVersion
) -> None:
    before = shown(fake)
    sort(services, pooled, OTHERS)
    assert shown(fake) == before
    assert not of(services, pooled, OTHERS[0]).prefill_dearer


def test_while_label_studio_shows_them_they_do_not_count_as_blank(
    services: Services, fake: FakeLabelStudio, pooled: ModelVersion
) -> None:
    switch(services, True)
    fake.faults.append(("delete_tasks_predictions", (503, "text/plain", b"later", {})))
    sort(services, pooled, OTHERS[:3])
    assert not of(services, pooled, OTHERS[0]).left_blank
    fake.faults.clear()
    sort(services, pooled, OTHERS[:3])
    assert of(services, pooled, OTHERS[0]).left_blank
    assert OTHERS[0] not in shown(fake)


def test_a_new_models_mask_is_held_until_its_own_cost_is_known(
    services: Services, pooled: ModelVersion
) -> None:
    switch(services, True)
    sort(services, pooled, OTHERS[:1])
    with services.store.reading() as session:
        held, other = (
            get_task(session, pooled.project_id, number) for number in (OTHERS[0], OTHERS[1])
        )
        assert held is not None
        assert other is not None
        assert kept_back(session, held).as_dearer
        assert not kept_back(session, other).left_blank


def test_what_is_labelled_meanwhile_stays_as_it_was_opened(
    services: Services, pooled: ModelVersion
) -> None:
    switch(services, True)
    with services.store.session() as session:
        task = get_task(session, pooled.project_id, OTHERS[0])
        assert task is not None
        task.is_labeled = True
    sort(services, pooled, OTHERS[:1])
    assert not of(services, pooled, OTHERS[0]).left_blank


def test_drawing_is_learnt_from_what_chance_left_blank(
    services: Services, project: Project, champion: ModelVersion
) -> None:
    with services.store.session() as session:
        for number in range(12):
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number + 1,
                data={},
                image_url="/x.jpg",
                garment=f"G{number}",
                view="Front",
            )
            save_prediction(
                session,
                task_id=task.id,
                model_version_id=champion.id,
                image_digest="a" * 64,
                mask_digest="b" * 64,
                score=0.5,
                region_scores={},
                left_blank=True,
            )
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=number + 1,
                mask_digest="c" * 64,
                annotator="ada",
                lead_time_s=60.0,
            )
    none = TimedPrefills(np.zeros((0, len(PREDICTION_SIGNALS))), [], [], [])
    time, drawing = learn_times(services, project, none)
    assert time == TimePredictor()
    assert drawing.masks == 12
    assert drawing.error_s == pytest.approx(0.0)
    assert drawing.typical_s == pytest.approx(60.0)
    ranking = Ranking(ProjectRisk(shipped_risk_model()), time=time, drawing=drawing)
    with services.store.session() as session:
        keep_ranking(session, project.id, "d" * 64, plain_times(ranking))
    with services.store.reading() as session:
        row = known_project(session, 7)
        said = drawing_in_words(row, left_blank(session, project.id))
    assert said.startswith("Drawing a mask from nothing usually takes 60 s (learnt from 12 masks")


def test_a_new_prediction_that_is_dearer_is_taken_back_as_soon_as_that_is_known(
    services: Services,
    fake: FakeLabelStudio,
    project: Project,
    champion: ModelVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(4, 25):
        del fake.tasks[number]
    with services.store.session() as session:
        set_blank_share(session, known_project(session, 7), 1e-9)  # on, and chance draws none
    switch(services, True)
    reconcile_project(services, project)
    fill(services, champion)
    assert len(shown(fake)) == 3
    monkeypatch.setattr(Ranking, "dearer", lambda _, rows, __: np.ones(len(rows), np.bool_))
    monkeypatch.setattr("worker.review.leave_blank.is_checked", lambda *_: False)
    while signals_wait(services):
        compute_signals(services)
    assert shown(fake) == []
    assert counted(services, project).dearer == 3


def test_the_command_says_what_is_missing_and_refuses_what_would_learn_nothing(
    services: Services, project: Project, run: Callable[..., str]
) -> None:
    with pytest.raises(HemlineError, match=r"give --share 0\.05 as well"):
        run("blank", "7", "--where-dearer")
    with pytest.raises(HemlineError, match="--off and --where-dearer cannot be combined"):
        run("blank", "7", "--where-dearer", "--off")
    said = run("blank", "7", "--share", "0.05", "--where-dearer")
    assert "none yet. What an empty task costs is not known: 10 more masks" in said
    assert "10 more masks" in run("status")
    assert "empty too" not in run("blank", "7", "--not-where-dearer")
    run("blank", "7", "--where-dearer")
    run("blank", "7", "--off")
    with services.store.reading() as session:
        row: Any = known_project(session, 7)
    assert (row.blank_share, row.blank_where_dearer) == (0.0, False)
