"""Deliveries become corrections: whatever comes, twice, late or broken."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import as_shown, mask_to_regions
from hemline.masks.codecs.png import decode_class_mask, encode_class_mask
from hemline.masks.codecs.region import pixels_digest
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.clicks import record_clicks
from hemline.store.loop.deliveries import count_by_state, list_failed
from hemline.store.loop.predictions import claim_send, save_prediction
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.tasks import get_task, list_task_problems
from hemline.store.models.runs import list_runs
from hemline.store.states import DeliveryState
from hemline.store.tables.loop import Annotation, ModelVersion, Project, Task
from tests.worker.conftest import brush, show_prefill
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.in_turn import MAX_ATTEMPTS
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.registry import register_task
from worker.ingest.submitted import parse_time
from worker.services import Services

# Webhooks are believed.
pytestmark = pytest.mark.environment(HEMLINE_WEBHOOK_SECRET="a-secret-of-some-length")

Deliver = Callable[[dict[str, Any]], None]


def annotation(services: Services, number: int) -> Annotation | None:
    with services.store.reading() as session:
        return find_annotation(session, 1, number)


def task(services: Services, ls_task_id: int) -> Task:
    with services.store.reading() as session:
        row = get_task(session, 1, ls_task_id)
    assert row is not None
    return row


def states(services: Services) -> dict[str, int]:
    with services.store.reading() as session:
        return {state.value: number for state, number in count_by_state(session).items()}


def lapse(services: Services) -> None:
    """Lets the window pass in which a delivery that was taken is left alone."""
    from sqlalchemy import text

    with services.store.session() as session:
        session.execute(text("UPDATE webhook_delivery SET worked_at = '2020-01-01 00:00:00'"))


def test_a_correction_is_stored_with_its_mask_and_split(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    _, mask = disc(0)
    saved = fake.annotate(1, brush(mask))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    assert ingest_deliveries(services) == 1
    row = annotation(services, saved["id"])
    assert row is not None
    assert row.mask_digest is not None
    assert np.array_equal(decode_class_mask(services.artifacts.get(row.mask_digest)), mask)
    assert (row.annotator, row.lead_time_s, row.problem) == ("1", 12.5, None)
    stored = task(services, 1)
    assert stored.split is not None
    assert stored.is_labeled
    assert (stored.garment, stored.view, stored.width, stored.height) == ("G00", "Front", 64, 64)
    assert states(services) == {"new": 0, "done": 1, "failed": 0}


@pytest.mark.parametrize("control", ["polygon", "bitmask"])
def test_a_prefill_that_nobody_changed_is_untouched_in_every_control(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    champion: ModelVersion,
    control: Any,
) -> None:
    label_config = render_label_config(["garment"], control)
    config = parse_label_config(label_config)
    _, mask = disc(0)
    mask[20, 3:9] = 1  # no polygon holds a line
    fake.project["label_config"] = label_config
    with services.store.session() as session:
        project = upsert_project(session, ls_project_id=7, label_config=label_config)
    show_prefill(services, fake, project, champion, 1, mask, score=0.8)
    regions = mask_to_regions(mask, config=config, labels=["garment"], region_scores={}, seed="s")
    saved = fake.annotate(1, regions)
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    row = annotation(services, saved["id"])
    assert row is not None
    assert (row.untouched, row.dice, row.problem) == (True, 1.0, None)
    assert row.mask_digest is not None
    stored = decode_class_mask(services.artifacts.get(row.mask_digest))
    assert np.array_equal(stored, as_shown(mask, config))
    assert np.array_equal(stored, mask) == (control == "bitmask")


def test_a_delivery_that_comes_twice_is_worked_on_once(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    payload = fake.payload("ANNOTATION_CREATED", fake.annotate(1, brush(disc(0)[1])))
    deliver(payload)
    deliver(payload)
    assert ingest_deliveries(services) == 1
    deliver(payload)
    assert ingest_deliveries(services) == 0


def test_an_older_state_does_not_replace_a_newer_one(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    first = dict(fake.annotate(1, brush(disc(0)[1])))
    second = dict(fake.update(first["id"], result=brush(disc(1)[1])))
    deliver(fake.payload("ANNOTATION_UPDATED", second))
    deliver(fake.payload("ANNOTATION_CREATED", first))
    ingest_deliveries(services)
    row = annotation(services, first["id"])
    assert row is not None
    assert row.mask_digest is not None
    stored = decode_class_mask(services.artifacts.get(row.mask_digest))
    assert np.array_equal(stored, disc(1)[1])


def test_a_deletion_that_overtakes_its_creation_still_deletes(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    saved = fake.annotate(1, brush(disc(0)[1]))
    gone = {
        "action": "ANNOTATIONS_DELETED",
        "annotations": [{"id": saved["id"]}],
        "project": fake.project,
    }
    deliver(gone)
    ingest_deliveries(services)
    assert states(services)["new"] == 1
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    lapse(services)
    ingest_deliveries(services)
    lapse(services)
    ingest_deliveries(services)
    row = annotation(services, saved["id"])
    assert row is not None
    assert row.deleted_at is not None
    assert not task(services, 1).is_labeled
    assert states(services) == {"new": 0, "done": 2, "failed": 0}


def test_a_deletion_of_what_never_comes_is_let_go(
    services: Services, project: Project, deliver: Deliver
) -> None:
    deliver({"action": "ANNOTATION_DELETED", "annotation": {"id": 999}, "project": {"id": 7}})
    for _ in range(MAX_ATTEMPTS):
        ingest_deliveries(services)
        lapse(services)
    assert states(services) == {"new": 0, "done": 1, "failed": 0}


def test_a_skip_labels_the_task_and_is_no_correction(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    saved = fake.annotate(1, [], was_cancelled=True)
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    row = annotation(services, saved["id"])
    assert row is not None
    assert row.was_cancelled
    assert row.mask_digest is None
    assert row.problem is None
    assert task(services, 1).is_labeled
    assert task(services, 1).split is None


def test_lists_of_annotations_are_taken_in(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    pairs = [
        fake.annotate(number, brush(disc(number - 1)[1]), ground_truth=True) for number in (1, 2)
    ]
    deliver(
        {
            "action": "ANNOTATIONS_CREATED",
            "annotation": pairs,
            "project": fake.project,
            "task": [fake.tasks[1], fake.tasks[2]],
        }
    )
    ingest_deliveries(services)
    for saved in pairs:
        row = annotation(services, saved["id"])
        assert row is not None
        assert row.ground_truth
        assert row.mask_digest is not None


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda regions: regions[0].update(original_width=32, original_height=32), "32 x 32"),
        (lambda regions: regions[0]["value"].update(brushlabels=["shoe"]), "'shoe'"),
        (lambda regions: regions[0]["value"].update(rle=[1, 2, 3]), ""),
    ],
    ids=["wrong size", "unknown label", "broken mask"],
)
def test_an_unusable_correction_marks_its_task_and_harms_no_other(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    spoil: Callable[[list[dict[str, Any]]], None],
    words: str,
) -> None:
    regions = brush(disc(0)[1])
    spoil(regions)
    bad = fake.annotate(1, regions)
    good = fake.annotate(2, brush(disc(1)[1]))
    deliver(
        {
            "action": "ANNOTATIONS_CREATED",
            "annotation": [bad, good],
            "project": fake.project,
            "task": [fake.tasks[1], fake.tasks[2]],
        }
    )
    ingest_deliveries(services)
    broken, sound = annotation(services, bad["id"]), annotation(services, good["id"])
    assert broken is not None
    assert broken.mask_digest is None
    assert words in (broken.problem or "")
    assert sound is not None
    assert sound.mask_digest is not None
    with services.store.reading() as session:
        (mark,) = list_task_problems(session)
    assert (mark.ls_task_id, mark.problem) == (1, broken.problem)
    deliver(fake.payload("ANNOTATION_UPDATED", fake.update(bad["id"], result=brush(disc(0)[1]))))
    ingest_deliveries(services)
    with services.store.reading() as session:
        assert list_task_problems(session) == []


def test_the_pre_fill_is_compared_with_what_was_made_of_it(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
) -> None:
    for number in (1, 2):
        show_prefill(services, fake, project, champion, number, disc(0)[1], score=0.5)
    accepted = fake.annotate(1, brush(disc(0)[1]))
    half = disc(0)[1].copy()
    half[:, :32] = 0
    edited = fake.annotate(2, brush(half))
    for saved in (accepted, edited):
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    first, second = annotation(services, accepted["id"]), annotation(services, edited["id"])
    assert first is not None
    assert (first.untouched, first.dice) == (True, 1.0)
    assert second is not None
    assert not second.untouched
    assert second.dice is not None
    overlap = 2 * half.sum() / (half.sum() + disc(0)[1].sum())
    assert second.dice == pytest.approx(overlap)


def test_a_correction_has_the_clicks_that_it_was_made_with(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, project: Project
) -> None:
    row = register_task(services, project, parse_label_config(project.label_config), fake.tasks[1])
    clicked, brushed = disc(0)[1], disc(1)[1]
    with services.store.session() as session:
        digest = pixels_digest(clicked > 0)
        record_clicks(session, row.id, [False, False, True], pixels_digest=digest)
    saved = fake.annotate(1, brush(clicked))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    stored = annotation(services, saved["id"])
    assert stored is not None
    assert (stored.clicks, stored.boxes, stored.brushed) == (2, 1, False)
    saved = fake.annotate(1, brush(brushed))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    second = annotation(services, saved["id"])
    assert second is not None
    assert (second.clicks, second.boxes, second.brushed) == (0, 0, True)


def test_a_pre_fill_is_compared_after_its_sole_label_was_renamed(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
) -> None:
    from hemline.labelstudio.project.config import render_label_config

    row = register_task(services, project, parse_label_config(project.label_config), fake.tasks[1])
    digest = services.artifacts.put(encode_class_mask(disc(0)[1]), "mask")
    with services.store.session() as session:
        made = save_prediction(
            session,
            task_id=row.id,
            model_version_id=champion.id,
            image_digest="d" * 64,
            mask_digest=digest,
            score=0.5,
            region_scores={},
        )
        assert claim_send(session, made.id, window_s=5)
    fake.project["label_config"] = render_label_config(["dress"])
    deliver({"action": "PROJECT_UPDATED", "project": fake.project})
    saved = fake.annotate(1, brush(disc(0)[1], label="dress"))
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    stored = annotation(services, saved["id"])
    assert stored is not None
    assert (stored.untouched, stored.dice) == (True, 1.0)


def test_what_cannot_be_worked_on_is_kept_with_its_reason(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    deliver(
        {
            "action": "ANNOTATION_CREATED",
            "annotation": {"result": []},
            "task": {"id": 1, "data": {}},
            "project": fake.project,
        }
    )
    good = fake.annotate(2, brush(disc(1)[1]))
    deliver(fake.payload("ANNOTATION_CREATED", good))
    ingest_deliveries(services)
    with services.store.reading() as session:
        (failed,) = list_failed(session)
    assert "annotation id" in (failed.problem or "")
    assert annotation(services, good["id"]) is not None


def test_enough_corrections_start_one_training(
    services: Services, fake: FakeLabelStudio, deliver: Deliver
) -> None:
    for number in range(1, 23):
        deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(number, brush(disc(number)[1]))))
    ingest_deliveries(services)
    with services.store.reading() as session:
        runs = list_runs(session)
    assert len(runs) == 1
    assert sum(runs[0].snapshot.counts.values()) == 22
    for number in (23, 24):
        deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(number, brush(disc(number)[1]))))
    ingest_deliveries(services)
    with services.store.reading() as session:
        assert len(list_runs(session)) == 1


def test_times_without_a_zone_are_no_times() -> None:
    assert parse_time("2026-08-20T10:11:12.123456Z") is not None
    assert parse_time("2026-08-20T10:11:12") is None
    assert parse_time(None) is None


def test_states_are_counted(services: Services) -> None:
    assert set(states(services)) == {state.value for state in DeliveryState}
