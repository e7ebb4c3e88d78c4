"""Reconcile finds what webhooks lost, and changes nothing where they did not."""

import json

import numpy as np
import pytest
from sqlalchemy import select

from hemline.labelstudio.project.config import render_label_config
from hemline.masks.codecs.png import decode_class_mask
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.jobs import list_jobs
from hemline.store.loop.projects import get_project
from hemline.store.loop.tasks import get_task, ls_task_ids
from hemline.store.tables.loop import Annotation, ModelVersion, Project, TaskProblem
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest import reconcile
from worker.ingest.actions import PROJECT_DELETED
from worker.ingest.reconcile import reconcile_all
from worker.services import Services


@pytest.fixture(autouse=True)
def _no_webhooks(project: Project) -> None:
    """The project is known; none of its webhooks arrives."""


def annotation(services: Services, number: int) -> Annotation | None:
    with services.store.reading() as session:
        return find_annotation(session, 1, number)


def test_lost_annotations_are_taken_in(services: Services, fake: FakeLabelStudio) -> None:
    made = fake.annotate(1, brush(disc(0)[1]))
    skipped = fake.annotate(2, [], was_cancelled=True)
    reconcile_all(services)
    first = annotation(services, made["id"])
    assert first is not None
    assert first.mask_digest is not None
    second = annotation(services, skipped["id"])
    assert second is not None
    assert second.was_cancelled
    with services.store.reading() as session:
        assert ls_task_ids(session, 1) == set(range(1, 25))


def test_later_changes_and_deletions_are_taken_in(
    services: Services, fake: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "_OVERLAP", reconcile._OVERLAP * 0)
    one = fake.annotate(1, brush(disc(0)[1]))
    two = fake.annotate(2, brush(disc(1)[1]))
    reconcile_all(services)
    fake.update(one["id"], result=brush(disc(5)[1]))
    fake.delete(two["id"])
    reconcile_all(services)
    first, second = annotation(services, one["id"]), annotation(services, two["id"])
    assert first is not None
    assert first.mask_digest is not None
    mask = decode_class_mask(services.artifacts.get(first.mask_digest))
    assert np.array_equal(mask, disc(5)[1])
    assert second is not None
    assert second.deleted_at is not None
    with services.store.reading() as session:
        task = get_task(session, 1, 2)
    assert task is not None
    assert not task.is_labeled


def test_what_has_not_changed_is_not_worked_on_again(
    services: Services, fake: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.annotate(1, brush(disc(0)[1]))
    reconcile_all(services)

    def refuse(*_: object) -> None:
        raise AssertionError("nothing has changed")

    monkeypatch.setattr(reconcile, "record_submitted", refuse)
    reconcile_all(services)


def test_an_annotation_newer_than_the_page_is_not_deleted(
    services: Services, fake: FakeLabelStudio
) -> None:
    """A webhook brings it while reconcile still holds the task as it was before."""
    made = fake.annotate(1, brush(disc(0)[1]))
    reconcile_all(services)
    del fake.annotations[made["id"]]
    fake.tasks[1]["updated_at"] = "2020-01-01T00:00:00.000000Z"
    with services.store.session() as session:
        row = get_project(session, 7)
        assert row is not None
        row.reconciled_until = None
    reconcile_all(services)
    stored = annotation(services, made["id"])
    assert stored is not None
    assert stored.deleted_at is None


def test_other_labels_have_all_annotations_read_anew(
    services: Services, fake: FakeLabelStudio
) -> None:
    made = fake.annotate(1, brush(disc(0)[1]))
    reconcile_all(services)
    fake.project["label_config"] = render_label_config(["belt", "garment"])
    reconcile_all(services)
    stored = annotation(services, made["id"])
    assert stored is not None
    assert stored.mask_digest is not None
    mask = decode_class_mask(services.artifacts.get(stored.mask_digest))
    assert np.array_equal(mask, disc(0)[1] * 2)
    fake.project["label_config"] = render_label_config(["belt"])
    reconcile_all(services)
    stored = annotation(services, made["id"])
    assert stored is not None
    assert stored.mask_digest is None
    assert "'garment'" in (stored.problem or "")


def test_deleted_tasks_are_dropped(services: Services, fake: FakeLabelStudio) -> None:
    reconcile_all(services)
    for number in (3, 4):
        del fake.tasks[number]
    reconcile_all(services)
    with services.store.reading() as session:
        assert ls_task_ids(session, 1) == set(range(1, 25)) - {3, 4}


def test_new_tasks_are_predicted(
    services: Services, fake: FakeLabelStudio, champion: ModelVersion
) -> None:
    reconcile_all(services)
    reconcile_all(services)
    with services.store.reading() as session:
        assert len(list_jobs(session)) == 1


def test_label_studio_away_changes_nothing(services: Services, fake: FakeLabelStudio) -> None:
    fake.stop()
    reconcile_all(services)
    with services.store.reading() as session:
        row = get_project(session, 7)
    assert row is not None
    assert row.reconciled_until is None
    assert row.problem is None


def test_a_project_that_was_deleted_is_marked(services: Services, fake: FakeLabelStudio) -> None:
    fake.project["id"] = 8
    reconcile_all(services)
    with services.store.reading() as session:
        row = get_project(session, 7)
    assert row is not None
    assert row.problem == PROJECT_DELETED


@pytest.mark.parametrize(
    ("annotations", "what"),
    [("x" * 40, "are a str, not a list"), (["x"] * 40, "an annotation is a str")],
    ids=["no list", "a list of no annotations"],
)
def test_annotations_that_are_none_cost_one_mark(
    services: Services, fake: FakeLabelStudio, annotations: object, what: str
) -> None:
    """However long they are: 100,000 marks would take minutes, and the log all memory."""
    made = fake.annotate(1, brush(disc(0)[1]))
    odd = {**fake.full_task(2), "annotations": annotations}
    body = json.dumps({"tasks": [odd, fake.full_task(1)]}).encode()
    fake.faults = [("GET /api/tasks/", (200, "application/json", body, {}))]
    reconcile_all(services)
    with services.store.reading() as session:
        task = get_task(session, 1, 2)
        assert task is not None
        marks = list(session.scalars(select(TaskProblem).where(TaskProblem.task_id == task.id)))
    assert [mark.tries for mark in marks] == [1]
    assert what in marks[0].problem
    neighbour = annotation(services, made["id"])
    assert neighbour is not None
    assert neighbour.mask_digest is not None
