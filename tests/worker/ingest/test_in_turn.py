"""What a batch of deliveries costs; what is wrong with one costs its neighbours nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update

from hemline.errors import StoreUnavailable
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.attempts import begin_attempt
from hemline.store.loop.deliveries import count_by_state, list_failed
from hemline.store.states import DeliveryState
from hemline.store.tables.loop import (
    Annotation,
    Attempt,
    ModelVersion,
    Project,
    Task,
    WebhookDelivery,
)
from hemline.system.people_wait import PeopleWait, let_people_go_first
from hemline.system.queue import Sender
from tests.transactions import counted
from tests.worker.conftest import brush, show_prefill
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.attempts import MAX_DEATHS
from worker.ingest import actions, in_turn, inbox
from worker.ingest.compared_with import ComparedWith, look_up
from worker.ingest.inbox import ingest_deliveries, is_behind
from worker.ingest.record_annotation import (
    AnnotationRead,
    SavedAnnotation,
    read_annotation,
    store_annotation,
)
from worker.ingest.submitted import Submitted
from worker.review.signals import compute_signals
from worker.services import Services

# Webhooks are believed; no training is near.
pytestmark = pytest.mark.environment(
    HEMLINE_WEBHOOK_SECRET="a-secret-of-some-length", HEMLINE_RETRAIN_AFTER="1000"
)

Deliver = Callable[[dict[str, Any]], None]

PER_DELIVERY = 1  # write transactions
PER_BATCH = 2  # one that takes them, one that ends the last


@dataclass
class _Queue:
    sent: list[str] = field(default_factory=list)

    def send(self, task: str, *arguments: object, queue: str) -> None:
        self.sent.append(task)


@pytest.fixture
def queue() -> _Queue:
    return _Queue()


@pytest.fixture
def services(services: Services, queue: _Queue) -> Services:
    return replace(services, sender=cast(Sender, queue))


def save(fake: FakeLabelStudio, number: int) -> dict[str, Any]:
    return dict(fake.annotate(number, brush(disc(number - 1)[1])))


def masks(services: Services) -> dict[int, bool]:
    """Whether the annotation of each task is there with its mask."""
    with services.store.reading() as session:
        rows = session.query(Annotation).order_by(Annotation.ls_annotation_id)
        return {row.task.ls_task_id: row.mask_digest is not None for row in rows}


def attempts(services: Services) -> int:
    with services.store.reading() as session:
        return session.query(Attempt).count()


@pytest.mark.parametrize("number", [5, 20])
def test_a_batch_costs_a_transaction_a_delivery_and_one_message(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    queue: _Queue,
    number: int,
) -> None:
    for task in range(1, number + 1):
        show_prefill(services, fake, project, champion, task, disc(task - 1)[1], score=0.5)
        deliver(fake.payload("ANNOTATION_CREATED", save(fake, task)))
    ingest_deliveries(services)  # the photos' sizes are known from now on
    for row in list(fake.annotations.values()):
        again = fake.update(row["id"], result=brush(disc(row["task"])[1]))
        deliver(fake.payload("ANNOTATION_UPDATED", again))
    queue.sent.clear()
    with counted(services.store) as counts:
        assert ingest_deliveries(services) == number
    assert masks(services) == dict.fromkeys(range(1, number + 1), True)
    assert attempts(services) == 0
    assert queue.sent == ["worker.signals"]
    assert counts.writes <= PER_BATCH + PER_DELIVERY * number
    assert counts.reads <= 10 + number
    assert counts.statements <= 100 + 30 * number


def test_nothing_that_waits_costs_no_transaction_that_writes(
    services: Services, queue: _Queue
) -> None:
    with counted(services.store) as counts:
        assert ingest_deliveries(services) == 0
    assert (counts.writes, counts.reads, queue.sent) == (0, 1, [])


@pytest.mark.parametrize("broken", [1, 2, 4])
def test_what_cannot_be_stored_costs_itself_alone(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    broken: int,
) -> None:
    """Its transaction, which begins the next delivery too, is rolled back."""

    def store(session: Any, services: Services, saved: SavedAnnotation, read: Any) -> None:
        store_annotation(session, services, saved, read)
        if saved.task.ls_task_id == broken:
            raise ValueError("the store does not like it")

    monkeypatch.setattr(in_turn, "store_annotation", store)
    for task in range(1, 5):
        deliver(fake.payload("ANNOTATION_CREATED", save(fake, task)))
    ingest_deliveries(services)
    assert masks(services) == {task: True for task in range(1, 5) if task != broken}
    with services.store.reading() as session:
        (failed,) = list_failed(session)
    assert failed.payload["task"]["id"] == broken
    assert "the store does not like it" in (failed.problem or "")
    assert attempts(services) == 0


@pytest.mark.parametrize("broken", [1, 2, 4])
def test_what_cannot_be_begun_costs_itself_alone(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    broken: int,
) -> None:
    made = [save(fake, task) for task in range(1, 5)]

    def refuse(session: Any, project: Project, task: Task, submitted: Submitted) -> ComparedWith:
        if submitted.ls_annotation_id == made[broken - 1]["id"]:
            raise RuntimeError("not this one")
        return look_up(session, project, task, submitted)

    monkeypatch.setattr(actions, "look_up", refuse)
    for saved in made:
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    assert masks(services) == {task: True for task in range(1, 5) if task != broken}
    with services.store.reading() as session:
        assert count_by_state(session)[DeliveryState.NEW] == 1  # tried again later
        assert find_annotation(session, project.id, made[broken - 1]["id"]) is None


def test_a_store_that_is_away_for_a_moment_is_no_fault_of_a_delivery(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailable("another process writes", retry_after_s=1)

    monkeypatch.setattr(in_turn, "read_annotation", away)
    deliver(fake.payload("ANNOTATION_CREATED", save(fake, 1)))
    ingest_deliveries(services)
    with services.store.reading() as session:
        assert count_by_state(session)[DeliveryState.NEW] == 1
        assert list_failed(session) == []
    assert attempts(services) == 0


def test_a_store_that_another_process_holds_for_a_moment_costs_nothing(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither the reading nor an attempt, which would count as a death of the process."""
    read, held = [], [True, True, False, False]

    def note(services: Services, saved: SavedAnnotation, times_begun: int) -> AnnotationRead:
        read.append(times_begun)
        return read_annotation(services, saved, times_begun)

    def store(session: Any, *given: Any) -> None:
        if held.pop(0):
            raise StoreUnavailable("another process writes", retry_after_s=1)
        store_annotation(session, *given)

    monkeypatch.setattr(in_turn, "_PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(in_turn, "read_annotation", note)
    monkeypatch.setattr(in_turn, "store_annotation", store)
    for task in (1, 2):
        deliver(fake.payload("ANNOTATION_CREATED", save(fake, task)))
    ingest_deliveries(services)
    assert masks(services) == {1: True, 2: True}
    assert read == [1, 1]
    assert attempts(services) == 0


def test_a_long_backlog_lets_trainings_and_signals_have_their_turn(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    queue: _Queue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "_AT_ONCE", 2)
    monkeypatch.setattr(inbox, "_TURN_S", 0.0)
    for task in range(1, 6):
        deliver(fake.payload("ANNOTATION_CREATED", save(fake, task)))
    assert is_behind(services)
    assert compute_signals(services) == 0  # corrections come first
    assert [ingest_deliveries(services) for _ in range(3)] == [2, 2, 1]
    assert queue.sent[:2] == ["worker.ingest", "worker.signals"]
    assert not is_behind(services)
    assert compute_signals(services) == 5


def test_what_died_under_a_delivery_counts_for_whoever_reads_it_next(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, project: Project
) -> None:
    """A first attempt is counted with the delivery alone; from the second on by its own name too,
    so that reconciling does not begin to count anew."""
    saved = save(fake, 1)
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    with services.store.session() as session:
        session.execute(update(WebhookDelivery).values(attempts=MAX_DEATHS))  # and died
    ingest_deliveries(services)
    assert masks(services) == {1: False}
    with services.store.session() as session:
        work = session.scalars(select(Attempt.work)).one()
        assert f"/{saved['id']}/" in work
        assert begin_attempt(session, work) == MAX_DEATHS + 2


def test_each_delivery_waits_for_people_first_but_not_for_ever(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "_LONGEST_PAUSE_S", 0.05)
    waited: list[float] = []

    def wait(home: Path, *, longest_s: float) -> float:
        waited.append(let_people_go_first(home, longest_s=longest_s))
        return waited[-1]

    monkeypatch.setattr(inbox, "let_people_go_first", wait)
    for task in (1, 2):
        deliver(fake.payload("ANNOTATION_CREATED", save(fake, task)))
    with PeopleWait(services.settings.home_path).somebody():
        ingest_deliveries(services)
    assert masks(services) == {1: True, 2: True}
    assert len(waited) == 2
    assert min(waited) >= 0.05
