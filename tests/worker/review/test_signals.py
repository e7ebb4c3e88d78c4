"""Signals and places: computed from what was stored, at once, and never of a mask that is gone."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.errors import StoreError
from hemline.labelstudio.project.review_fields import VERDICT_WORDS
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.jobs import get_job, list_jobs, queue_job
from hemline.store.loop.projects import get_project
from hemline.store.loop.tasks import get_task
from hemline.store.review.label_review import label_of_task
from hemline.store.review.queries import labelled_embeddings
from hemline.store.review.review_order import item_of_task, review_page
from hemline.store.review.signals import claim_labels, store_label_values
from hemline.store.review.verdicts import verdicts_of
from hemline.store.states import JobKind, JobState, ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import ModelVersion, Project
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewItem
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.commands.rank import app
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_all
from worker.pool.predict_pool import predict_pool
from worker.review.batch import project_batch, project_order
from worker.review.rank_job import rank_project, rank_when_due
from worker.review.signals import compute_signals, signals_wait
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]


@pytest.fixture
def predicted(services: Services, fake: FakeLabelStudio, champion: ModelVersion) -> None:
    """Six tasks are predicted, and no signals are computed yet."""
    for number in range(7, 25):
        del fake.tasks[number]
    reconcile_all(services)
    with services.store.session() as session:
        job_id = queue_job(session, champion.project_id, JobKind.PREDICT_POOL, {}).id
    predict_pool(services, job_id)


def submit(
    fake: FakeLabelStudio,
    deliver: Deliver,
    services: Services,
    ls_task_id: int,
    mask: np.ndarray,
    *extra: dict[str, Any],
) -> dict[str, Any]:
    saved = fake.annotate(ls_task_id, [*brush(mask), *extra])
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    return saved


def rank_all(services: Services, project: Project) -> None:
    """Ranks once the signals of all that came are there."""
    while signals_wait(services):
        compute_signals(services)
    rank(services, project)


def change(
    fake: FakeLabelStudio,
    deliver: Deliver,
    services: Services,
    number: int,
    mask: np.ndarray,
    *extra: dict[str, Any],
    **fields: Any,
) -> None:
    saved = fake.update(number, result=[*brush(mask), *extra], **fields)
    deliver(fake.payload("ANNOTATION_UPDATED", saved))
    ingest_deliveries(services)


def choice(stored: str) -> dict[str, Any]:
    return {
        "type": "choices",
        "from_name": "verdict",
        "to_name": "image",
        "value": {"choices": [VERDICT_WORDS[stored]]},
    }


def item(services: Services, ls_task_id: int, kind: ReviewKind) -> ReviewItem | None:
    with services.store.reading() as session:
        task = get_task(session, 1, ls_task_id)
        assert task is not None
        return item_of_task(session, task.id, kind)


def rank(services: Services, project: Project) -> None:
    with services.store.session() as session:
        job_id = queue_job(session, project.id, JobKind.RANK, {}).id
    rank_project(services, job_id)
    with services.store.reading() as session:
        job = get_job(session, job_id)
    assert (job.state, job.problem) == (JobState.DONE, None)


@pytest.mark.usefixtures("predicted")
def test_a_label_is_placed_as_soon_as_its_signals_are_there(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    cut = disc(0)[1].copy()
    cut[32:] = 0
    submit(fake, deliver, services, 1, cut)
    assert signals_wait(services)
    assert item(services, 1, ReviewKind.LABEL) is None
    compute_signals(services)
    assert not signals_wait(services)
    placed = item(services, 1, ReviewKind.LABEL)
    assert placed is not None
    assert 0 < placed.priority < 1
    assert placed.prediction_id is not None
    with services.store.reading() as session:
        signals = session.get(LabelSignals, placed.annotation_id)
    assert signals is not None
    assert signals.version == SIGNALS_VERSION
    assert signals.values["softmin"] is not None
    assert signals.risk == placed.priority


@pytest.mark.usefixtures("predicted")
def test_a_result_of_a_mask_that_was_edited_meanwhile_is_dropped(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    saved = submit(fake, deliver, services, 1, disc(0)[1])
    with services.store.session() as session:
        (claimed,) = claim_labels(session, SIGNALS_VERSION, 1, window_s=0)
    change(fake, deliver, services, saved["id"], disc(5)[1])
    with services.store.session() as session:
        stored = store_label_values(
            session,
            claimed,
            version=SIGNALS_VERSION,
            prediction_id=None,
            values={"softmin": 0.0},
            regions={},
            histograms=None,
            risk=1.0,
        )
    assert not stored
    compute_signals(services)
    with services.store.reading() as session:
        signals = session.get(LabelSignals, claimed.annotation_id)
    assert signals is not None
    assert signals.mask_digest != claimed.mask_digest
    assert signals.values["softmin"] > 0


@pytest.mark.usefixtures("predicted")
def test_a_choice_closes_the_item_and_is_about_the_label_before(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    wrong = disc(0)[1].copy()
    wrong[32:] = 0
    saved = submit(fake, deliver, services, 1, wrong)
    compute_signals(services)
    placed = item(services, 1, ReviewKind.LABEL)
    assert placed is not None
    change(fake, deliver, services, saved["id"], disc(0)[1], choice("label_wrong"), updated_by=9)
    closed = item(services, 1, ReviewKind.LABEL)
    assert closed is not None
    assert (closed.state, closed.verdict, closed.verdict_by) == (
        ReviewState.CLOSED,
        Verdict.LABEL_WRONG,
        "9",
    )
    compute_signals(services)
    again = item(services, 1, ReviewKind.LABEL)
    assert again is not None
    assert again.state == ReviewState.CLOSED
    # Saved once more with the same choice: nothing new was said, but the mask is another.
    change(fake, deliver, services, saved["id"], disc(7)[1], choice("label_wrong"))
    compute_signals(services)
    opened = item(services, 1, ReviewKind.LABEL)
    assert opened is not None
    assert (opened.state, opened.verdict) == (ReviewState.OPEN, None)
    with services.store.reading() as session:
        (given,) = verdicts_of(session, 1)
        row = find_annotation(session, 1, saved["id"])
    assert given.content_digest == placed.content_digest
    assert given.risk == placed.priority
    assert given.values["softmin"] is not None
    assert row is not None
    assert row.mask_digest is not None


@pytest.mark.usefixtures("predicted")
def test_an_annotator_cannot_call_a_label_wrong_that_was_not_there(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    submit(fake, deliver, services, 1, disc(0)[1], choice("label_wrong"))
    submit(fake, deliver, services, 2, disc(1)[1], choice("photo_fault"))
    with services.store.reading() as session:
        assert [given.verdict for given in verdicts_of(session, 1)] == [Verdict.PHOTO_FAULT]


@pytest.mark.usefixtures("predicted")
def test_a_deleted_label_leaves_the_order(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    saved = submit(fake, deliver, services, 1, disc(0)[1])
    compute_signals(services)
    assert item(services, 1, ReviewKind.LABEL) is not None
    fake.delete(saved["id"])
    deliver(
        {
            "action": "ANNOTATIONS_DELETED",
            "annotations": [{"id": saved["id"]}],
            "project": fake.project,
        }
    )
    ingest_deliveries(services)
    assert item(services, 1, ReviewKind.LABEL) is None
    with services.store.reading() as session:
        task = get_task(session, 1, 1)
        assert task is not None
        assert label_of_task(session, task.id) is None


@pytest.mark.usefixtures("predicted")
def test_a_ranking_orders_labels_and_photos(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, project: Project
) -> None:
    for number in range(1, 5):
        submit(fake, deliver, services, number, disc(number - 1)[1])
    rank_all(services, project)
    with services.store.reading() as session:
        labels = review_page(session, project.id, ReviewKind.LABEL).items
        photos = review_page(session, project.id, ReviewKind.PHOTO).items
        ranked = get_project(session, 7)
        predicted = session.get(PredictionSignals, photos[0].prediction_id)
    assert {row.task.ls_task_id for row in labels} == {1, 2, 3, 4}
    assert {row.task.ls_task_id for row in photos} == {5, 6}
    assert [row.priority for row in photos] == sorted((p.priority for p in photos), reverse=True)
    assert ranked is not None
    assert ranked.ranking_digest is not None
    assert predicted is not None
    assert predicted.predicted_dice == pytest.approx(1 - photos[0].priority)
    scores = {row["task"]: row["score"] for row in fake.predictions}
    for row in photos:  # Label Studio's own order is ours
        assert scores[row.task.ls_task_id] == pytest.approx(1 - row.priority, abs=0.006)
    # A photo that gets its label leaves the photos' order at once.
    submit(fake, deliver, services, 5, disc(4)[1])
    assert item(services, 5, ReviewKind.PHOTO) is None


def test_a_ranking_is_due_after_enough_labels(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
) -> None:
    services = replace(services, settings=services.settings.model_copy(update={"rank_after": 2}))

    def ranks() -> int:
        with services.store.reading() as session:
            return sum(job.kind == JobKind.RANK for job in list_jobs(session))

    submit(fake, deliver, services, 1, disc(0)[1])
    compute_signals(services)
    rank_when_due(services)
    assert ranks() == 0
    submit(fake, deliver, services, 2, disc(1)[1])
    compute_signals(services)
    rank_when_due(services)
    rank_when_due(services)
    assert ranks() == 1


def test_an_empty_label_without_a_prediction_is_in_the_order_and_says_so(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, project: Project
) -> None:
    saved = fake.annotate(1, [])
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    compute_signals(services)
    placed = item(services, 1, ReviewKind.LABEL)
    assert placed is not None
    assert 0 < placed.priority < 0.9
    said = placed.reasons["bad_ground_truth"]["sentence"]
    assert said == "the mask is empty, and there is no prediction to compare it with"
    assert not signals_wait(services)


@pytest.mark.usefixtures("predicted")
def test_the_view_that_differs_from_the_others_comes_earlier_and_both_may_be_in_a_batch(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("active_learning.signals.garment_views._ENOUGH", 4)
    for number in range(1, 7):  # two views of each of three garments
        mask = disc(3)[1]
        if number == 2:
            mask = np.zeros_like(mask)
            mask[30:34, 30:34] = 1
        submit(fake, deliver, services, number, mask)
    while signals_wait(services):
        compute_signals(services)
    before = {number: item(services, number, ReviewKind.LABEL) for number in range(1, 7)}
    rank(services, project)
    after = {number: item(services, number, ReviewKind.LABEL) for number in range(1, 7)}
    for number in range(1, 7):
        old, new = before[number], after[number]
        assert old is not None
        assert new is not None
        assert (new.priority > old.priority) == (number <= 2)
        assert new.views_disagree == (number <= 2)
    odd = after[2]
    assert odd is not None
    assert "the garment's other views" in odd.reasons["bad_ground_truth"]["sentence"]
    batch = project_batch(services.store, 7, ReviewKind.LABEL, items=6, minutes=None)
    assert sorted(chosen.item.task.garment for chosen in batch) == ["G00", "G00", "G01", "G02"]


@pytest.mark.usefixtures("predicted")
def test_batches_keep_to_items_and_minutes_and_take_no_garment_twice(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, project: Project
) -> None:
    submit(fake, deliver, services, 1, disc(0)[1])
    rank_all(services, project)

    def batch(**budget: Any) -> list[str]:
        asked = {"items": None, "minutes": None, **budget}
        found = project_batch(services.store, 7, ReviewKind.PHOTO, **asked)
        return sorted(chosen.item.task.garment for chosen in found)

    assert batch(items=9) == ["G00", "G01", "G02"]  # task 2 is the other view of G00
    assert len(batch(items=2)) == 2
    assert len(batch(minutes=1.5)) == 1  # a minute each until people's own time is known
    assert len(batch(minutes=60.0)) == 3
    assert len(batch(items=1, minutes=60.0)) == 1
    assert batch(minutes=0.5) == []
    with services.store.session() as session:
        session.execute(update(PredictionSignals).values(predicted_seconds=20.0))
    assert len(batch(minutes=0.7)) == 2
    with services.store.reading() as session:
        photos = review_page(session, project.id, ReviewKind.PHOTO).items
        clusters = [session.get_one(PredictionSignals, p.prediction_id).cluster for p in photos]
        known = labelled_embeddings(session, project.id, 10)
    assert None not in clusters
    assert len(known) == 1


@pytest.mark.usefixtures("predicted")
def test_the_random_share_is_of_the_whole_order_not_of_its_top(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank_all(services, project)
    monkeypatch.setattr("worker.review.batch.POOL", 2)
    drawn: set[int] = set()
    for seed in range(20):
        batch = project_batch(services.store, 7, ReviewKind.PHOTO, items=2, minutes=None, seed=seed)
        assert [chosen.random for chosen in batch].count(True) == 1
        drawn |= {chosen.item.task_id for chosen in batch if chosen.random}
    assert len(drawn) > 3  # the two at the top are not all that can come


@pytest.mark.usefixtures("predicted")
def test_the_order_and_a_batch_are_printed(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, project: Project
) -> None:
    submit(fake, deliver, services, 1, disc(0)[1])
    rank_all(services, project)

    def run(*arguments: str) -> list[dict[str, Any]]:
        result = CliRunner().invoke(app, ["rank", "7", "--json", *arguments])
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    (label,) = run()
    assert (label["id"], label["garment"]) == (1, "G00")
    assert 0 <= label["label_risk"] <= 1
    assert [row["id"] for row in run("--kind", "photo")] == [
        row.item.task.ls_task_id for row in project_order(services.store, 7, ReviewKind.PHOTO, 10)
    ]
    assert len(run("--kind", "photo", "--items", "2")) == 2
    assert len(run("--kind", "photo", "--batch-minutes", "1")) == 1
    with pytest.raises(StoreError, match="project 8 is not known"):
        project_order(services.store, 8, ReviewKind.PHOTO, 10)
