"""From a candidate in shadow to its promotion, or to the champion that stays."""

import io

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from hemline.prefill.prefill import Prefiller
from hemline.settings import Settings
from hemline.store.loop.jobs import list_jobs
from hemline.store.models.models import champion as find_champion
from hemline.store.models.models import get_version
from hemline.store.shadow.shadow_labels import count_compared_garments
from hemline.store.states import JobKind, ModelState, ShadowState
from hemline.store.tables.loop import ModelVersion, Project
from hemline.store.tables.shadows import Shadow, ShadowLabel
from tests.worker.discs import SIDE
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.shadow.conftest import Candidate, People, evaluation_of
from worker.services import Services
from worker.shadow import compare_labels as comparing
from worker.shadow.compare_labels import compare_labels

pytestmark = pytest.mark.environment(HEMLINE_PROMOTION_BY="shadow")


def state_of(services: Services, shadow: Shadow) -> ShadowState:
    with services.store.reading() as session:
        return session.get_one(Shadow, shadow.id).state


def compared(services: Services, shadow: Shadow) -> dict[int, ShadowLabel]:
    """What is stored of each task, by its id, which is Label Studio's in these tests."""
    with services.store.reading() as session:
        rows = session.scalars(select(ShadowLabel).where(ShadowLabel.shadow_id == shadow.id))
        return {row.task_id: row for row in rows}


def garments(services: Services, shadow: Shadow) -> int:
    with services.store.reading() as session:
        return count_compared_garments(session, shadow.id)


def test_a_candidate_that_is_better_on_what_people_make_of_new_garments_is_promoted(
    services: Services, project: Project, shadow: Shadow, people: People, candidate: Candidate
) -> None:
    people.correct(5, 6, 7, 9, 11)
    compare_labels(services)
    assert (garments(services, shadow), candidate.photos) == (4, 5)
    assert state_of(services, shadow) is ShadowState.RUNNING
    figures = list(compared(services, shadow).values())
    assert all(row.dice == 1.0 and (row.champion_dice or 0) < 0.8 for row in figures)
    people.correct(13, 15)  # the fifth garment decides: the sixth is not looked at
    compare_labels(services)
    assert (garments(services, shadow), candidate.photos) == (5, 6)
    assert state_of(services, shadow) is ShadowState.PROMOTED
    with services.store.reading() as session:
        now = find_champion(session, project.id)
        jobs = list_jobs(session, kind=JobKind.PREDICT_POOL)
        figures_kept = session.get_one(Shadow, shadow.id).figures
    assert now is not None
    assert now.id == shadow.model_version_id
    assert len(jobs) == 1
    evaluation = evaluation_of(services, shadow)
    assert evaluation.promoted
    assert (
        "on 5 garments in shadow (6 photos, 0 drawn from nothing, 0 accepted as they were), "
        "p = 0.0312" in evaluation.decision
    )
    assert figures_kept["p"] == pytest.approx(1 / 32)
    assert len(figures_kept["items"]) == 6
    compare_labels(services)
    assert candidate.photos == 6


def test_one_that_is_not_better_is_not_promoted(
    services: Services,
    project: Project,
    champion: ModelVersion,
    shadow: Shadow,
    people: People,
    candidate: Candidate,
) -> None:
    candidate.sees = False
    people.correct(5, 7, 9)
    people.correct(11, 13, untouched=True)
    compare_labels(services)
    assert state_of(services, shadow) is ShadowState.NOT_PROMOTED
    with services.store.reading() as session:
        now = find_champion(session, project.id)
        version = get_version(session, shadow.model_version_id)
        assert list_jobs(session, kind=JobKind.PREDICT_POOL) == []
    assert now is not None
    assert now.id == champion.id
    assert version.state is ModelState.REJECTED
    decision = evaluation_of(services, shadow).decision
    assert decision.startswith("not promoted: Dice -")
    assert "5 photos, 0 drawn from nothing, 2 accepted as they were" in decision


def test_views_of_garments_that_were_trained_on_do_not_count(
    services: Services, shadow: Shadow, people: People, candidate: Candidate
) -> None:
    people.correct(2, 4, 5)
    compare_labels(services)
    assert candidate.photos == 1
    problems = {row.task_id: row.problem for row in compared(services, shadow).values()}
    assert len(problems) == 3
    assert [problem for problem in problems.values() if problem] == [comparing._SEEN] * 2


def test_what_is_drawn_from_nothing_counts_beside_the_mask_that_was_kept_back(
    services: Services, shadow: Shadow, people: People, candidate: Candidate
) -> None:
    people.correct(5, blank=True)
    people.correct(7)
    compare_labels(services)
    rows = list(compared(services, shadow).values())
    assert [row.from_nothing for row in rows] == [True, False]
    assert all(row.dice == 1.0 and (row.champion_dice or 0) < 0.8 for row in rows)


def test_a_photo_that_was_replaced_is_not_compared(
    services: Services,
    fake: FakeLabelStudio,
    shadow: Shadow,
    people: People,
    candidate: Candidate,
) -> None:
    people.correct(5, 7)
    black = io.BytesIO()
    Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(black, "PNG")
    fake.files[list(fake.files)[4]] = black.getvalue()
    for cached in services.settings.home_path.glob("photos/**/*"):
        if cached.is_file():
            cached.unlink()
    compare_labels(services)
    problems = [row.problem for row in compared(services, shadow).values()]
    assert problems == ["the photo is another one than the champion pre-filled", None]
    assert garments(services, shadow) == 1


def test_labels_wait_while_label_studio_is_away(
    services: Services,
    fake: FakeLabelStudio,
    shadow: Shadow,
    people: People,
    candidate: Candidate,
) -> None:
    people.correct(5, 7)
    for cached in services.settings.home_path.glob("photos/**/*"):
        if cached.is_file():
            cached.unlink()
    fake.stop()
    compare_labels(services)
    assert compared(services, shadow) == {}
    assert state_of(services, shadow) is ShadowState.RUNNING


def test_weights_that_cannot_be_loaded_spoil_no_label(
    services: Services, shadow: Shadow, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    people.correct(5)
    monkeypatch.setattr(Prefiller, "prepare", lambda self, version: None)
    services.artifacts.local_path(shadow.model_version.weights_digest).write_bytes(b"damaged")
    compare_labels(services)
    assert compared(services, shadow) == {}
    assert state_of(services, shadow) is ShadowState.RUNNING


def test_what_there_is_no_time_for_is_left_to_the_next_turn(
    services: Services,
    settings: Settings,
    shadow: Shadow,
    people: People,
    candidate: Candidate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        type(services.sender), "send", lambda _, *name, queue: sent.append((*name, queue))
    )
    people.correct(5)
    sent.clear()
    monkeypatch.setattr(comparing, "_TURN_S", -1.0)
    compare_labels(services)
    assert compared(services, shadow) == {}
    assert sent == [("worker.shadow", "predict")]
