"""A save that looks like lost work is held until somebody confirms it, and never trained on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from hemline.errors import StoreError
from hemline.masks.codecs.png import decode_class_mask
from hemline.settings import Settings
from hemline.store.loop.annotations import find_annotation, training_items
from hemline.store.loop.held import confirm_held, tasks_with_held
from hemline.store.loop.tasks import get_task, list_task_problems
from hemline.store.reports.artifacts_in_use import artifacts_in_use
from hemline.store.tables.loop import Annotation, Project
from tests.worker.conftest import brush, show_prefill
from tests.worker.discs import disc
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.lost_work import Prefilled, lost_work
from worker.ingest.reconcile import reconcile_project
from worker.services import Services

# Webhooks are believed.
pytestmark = pytest.mark.environment(HEMLINE_WEBHOOK_SECRET="a-secret-of-some-length")

MASK = disc(0)[1]
NOTHING = np.zeros_like(MASK)


def test_what_looks_lost():
    two = MASK.copy()
    two[:8, :8] = 2
    sure, unsure = Prefilled(MASK, 0.97), Prefilled(MASK, 0.6)
    labels = ("dress", "hat")
    lost = lost_work(NOTHING, labels, prefilled=sure, before=None)
    assert lost is not None
    assert "nothing is drawn" in lost
    assert "0.97" in lost
    speck = NOTHING.copy()
    speck[30, 30] = 1
    assert lost_work(speck, labels, prefilled=sure, before=None) is not None
    assert lost_work(NOTHING, labels, prefilled=unsure, before=None) is None
    assert lost_work(NOTHING, labels, prefilled=None, before=None) is None
    assert lost_work(NOTHING, labels, prefilled=Prefilled(NOTHING, 0.97), before=None) is None
    assert lost_work(MASK, labels, prefilled=sure, before=None) is None
    gone = lost_work(MASK, labels, prefilled=sure, before=two)
    assert gone is not None
    assert gone.startswith("'hat' was drawn")
    assert lost_work(two, labels, prefilled=sure, before=MASK) is None
    assert lost_work(MASK, labels, prefilled=None, before=two[:32]) is None  # another size
    both = lost_work(NOTHING, labels, prefilled=None, before=two)
    assert both is not None
    assert both.startswith("'dress', 'hat' were drawn")
    small = MASK.copy()
    small[0, :2] = 2  # less than anybody would miss
    assert lost_work(MASK, labels, prefilled=None, before=small) is None


@pytest.fixture
def prefilled(services: Services, fake, project: Project, champion) -> None:
    """Task 1 showed the garment when it was opened."""
    show_prefill(services, fake, project, champion, 1, MASK, score=0.97)


def state(services: Services, number: int) -> tuple[Annotation, list[str], int]:
    """The annotation, the problems that people see, and how many labels are trained on."""
    with services.store.reading() as session:
        row = find_annotation(session, 1, number)
        assert row is not None
        problems = [mark.problem for mark in list_task_problems(session)]
        return row, problems, len(training_items(session, row.project_id))


def look_again(services: Services, project: Project) -> None:
    """Takes every task in again, as after a change of its labels."""
    with services.store.session() as session:
        session.execute(update(Project).values(reconciled_until=None))
    reconcile_project(services, project)


def save(services: Services, deliver, fake, saved: dict[str, Any], action: str) -> None:
    deliver(fake.payload(action, saved))
    assert ingest_deliveries(services) == 1


@pytest.mark.usefixtures("prefilled")
def test_nothing_drawn_is_held_and_a_second_save_confirms_it(services, fake, deliver, project):
    saved = fake.annotate(1, [])
    save(services, deliver, fake, saved, "ANNOTATION_CREATED")
    row, problems, trained = state(services, saved["id"])
    assert (row.mask_digest, row.dice, trained) == (None, None, 0)
    assert row.prediction_id is not None
    assert problems == [row.problem]
    assert "nothing is drawn" in problems[0]
    assert f"annotation {saved['id']} is left out" in problems[0]
    look_again(services, project)  # what is read again is not saved again
    assert state(services, saved["id"])[0].mask_digest is None

    save(services, deliver, fake, fake.update(saved["id"], result=[]), "ANNOTATION_UPDATED")
    row, problems, trained = state(services, saved["id"])
    assert (problems, trained) == ([], 1)
    assert not decode_class_mask(services.artifacts.get(row.mask_digest)).any()
    look_again(services, project)
    assert state(services, saved["id"])[1:] == ([], 1)


@pytest.mark.usefixtures("prefilled")
def test_a_mask_that_is_drawn_after_all_is_a_correction(services, fake, deliver):
    saved = fake.annotate(1, [])
    save(services, deliver, fake, saved, "ANNOTATION_CREATED")
    drawn = fake.update(saved["id"], result=brush(MASK))
    save(services, deliver, fake, drawn, "ANNOTATION_UPDATED")
    row, problems, trained = state(services, saved["id"])
    assert (row.problem, row.held_digest, problems, trained) == (None, None, [], 1)
    empty = fake.update(saved["id"], result=[])
    save(services, deliver, fake, empty, "ANNOTATION_UPDATED")
    row, problems, trained = state(services, saved["id"])
    assert trained == 0  # what the earlier save held is not trained on in its place
    assert "'garment' was drawn when it was saved before" in problems[0]


@pytest.mark.usefixtures("prefilled")
@pytest.mark.parametrize("how", ["ground truth", "verdict", "setting"])
def test_others_can_confirm_it_at_once(services, fake, deliver, monkeypatch, how):
    if how == "setting":
        monkeypatch.setenv("HEMLINE_HOLD_LOST_WORK", "false")
        services = replace(services, settings=Settings())
    result = [
        {
            "from_name": "verdict",
            "to_name": "image",
            "type": "choices",
            "value": {"choices": ["both fine"]},
        }
    ]
    saved = fake.annotate(1, result if how == "verdict" else [], ground_truth=how == "ground truth")
    save(services, deliver, fake, saved, "ANNOTATION_CREATED")
    row, problems, trained = state(services, saved["id"])
    assert (row.problem, problems, trained) == (None, [], 1)


@pytest.mark.usefixtures("prefilled")
def test_a_verdict_of_an_earlier_save_confirms_nothing(services, fake, deliver):
    judged: dict[str, object] = {"from_name": "verdict", "to_name": "image", "type": "choices"}
    judged["value"] = {"choices": ["label was wrong"]}
    saved = fake.annotate(1, [*brush(MASK), judged])
    save(services, deliver, fake, saved, "ANNOTATION_CREATED")
    save(services, deliver, fake, fake.update(saved["id"], result=[judged]), "ANNOTATION_UPDATED")
    assert state(services, saved["id"])[2] == 0
    judged["value"] = {"choices": ["both fine"]}
    save(services, deliver, fake, fake.update(saved["id"], result=[judged]), "ANNOTATION_UPDATED")
    assert state(services, saved["id"])[1:] == ([], 1)


def test_an_empty_mask_without_a_pre_fill_is_as_good_as_any(services, fake, deliver, project):
    saved = fake.annotate(1, [])
    save(services, deliver, fake, saved, "ANNOTATION_CREATED")
    assert state(services, saved["id"])[1:] == ([], 1)


@pytest.mark.usefixtures("prefilled")
def test_a_command_confirms_it_for_good(services, fake, deliver, project):
    saved = fake.annotate(1, [])
    save(services, deliver, fake, saved, "ANNOTATION_CREATED")
    with services.store.reading() as session:
        assert tasks_with_held(session, project.id) == {1}
        annotation = find_annotation(session, 1, saved["id"])
        assert annotation is not None
        assert annotation.held_digest in {use.digest for use in artifacts_in_use(session)}
    assert confirm_held(services.store, services.settings, project.id, 1) == 1
    row, problems, trained = state(services, saved["id"])
    assert (row.problem, row.height, row.width, problems, trained) == (None, 64, 64, [], 1)
    with services.store.reading() as session:
        task = get_task(session, project.id, 1)
        assert task is not None
        assert task.split is not None
    look_again(services, project)
    assert state(services, saved["id"])[1:] == ([], 1)
    with services.store.reading() as session:
        assert tasks_with_held(session, project.id) == set()
    with pytest.raises(StoreError, match="task 1 has no save that is held"):
        confirm_held(services.store, services.settings, project.id, 1)
