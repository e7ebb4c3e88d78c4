"""What ends a shadow without a test, what is sent to be worked on, and what waits meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from hemline.errors import HemlineError
from hemline.labelstudio.project.config import render_label_config
from hemline.store.database.clock import database_now
from hemline.store.models.models import create_version, get_version, promote
from hemline.store.people import list_events
from hemline.store.states import ModelState, RunTrigger, ShadowState
from hemline.store.tables.loop import ModelVersion, Project
from hemline.store.tables.shadows import Shadow
from tests.worker.shadow.conftest import Candidate, People, evaluation_of
from worker.services import Services
from worker.shadow.compare_labels import compare_labels
from worker.shadow.watch import watch_shadows
from worker.training.triggers import (
    request_training,
    train_on_corrections,
    train_on_schedule,
)

pytestmark = pytest.mark.environment(HEMLINE_PROMOTION_BY="shadow")


class Broker:
    """Takes what is sent."""

    def __init__(self, waiting: int = 0) -> None:
        self.sent: list[str] = []
        self._waiting = waiting

    def waiting(self, queue: str) -> int:
        assert queue == "predict"
        return self._waiting

    def send(self, task: str, *args: object, queue: str) -> bool:
        self.sent.append(task)
        return True


def watch(services: Services, waiting: int = 0, **settings: object) -> list[str]:
    """The tasks that a look sends."""
    broker = Broker(waiting)
    changed = services.settings.model_copy(update=settings)
    watch_shadows(replace(services, sender=broker, settings=changed))  # type: ignore[arg-type]
    return broker.sent


def ended(services: Services, shadow: Shadow) -> tuple[ShadowState, str, ModelState]:
    with services.store.reading() as session:
        row = session.get_one(Shadow, shadow.id)
        return row.state, row.decision, get_version(session, shadow.model_version_id).state


def test_it_goes_on_and_labels_that_wait_are_sent_to_be_compared(
    services: Services, shadow: Shadow, people: People, candidate: Candidate
) -> None:
    assert watch(services) == []
    people.correct(5)
    assert watch(services) == ["worker.shadow"]
    assert watch(services, waiting=1) == []
    compare_labels(services)
    assert watch(services) == []
    assert ended(services, shadow)[0] is ShadowState.RUNNING


def test_what_is_complete_and_not_decided_is_sent_again(
    services: Services, shadow: Shadow, people: People, candidate: Candidate
) -> None:
    people.correct(5, 7, 9)
    compare_labels(services)
    with services.store.session() as session:
        session.execute(update(Shadow).values(garments=3))
    assert watch(services) == ["worker.shadow"]
    compare_labels(services)
    assert ended(services, shadow)[0] is not ShadowState.RUNNING


def another_champion(services: Services, project: Project) -> ModelVersion:
    with services.store.session() as session:
        version = create_version(
            session,
            project.id,
            recipe={},
            labels=["garment"],
            weights_digest="a" * 64,
            code_version="test",
        )
        return promote(session, version.id)


def test_another_champion_supersedes_it(
    services: Services, project: Project, champion: ModelVersion, shadow: Shadow
) -> None:
    new = another_champion(services, project)
    compare_labels(services)  # which leaves it alone
    assert watch(services) == []
    assert ended(services, shadow) == (
        ShadowState.SUPERSEDED,
        f"superseded: the champion is {new.name} now, not {champion.name}",
        ModelState.REJECTED,
    )


def test_one_that_a_person_promotes_is_over(services: Services, shadow: Shadow) -> None:
    with services.store.session() as session:
        promote(session, shadow.model_version_id)
    watch(services)
    assert ended(services, shadow) == (
        ShadowState.PROMOTED,
        "promoted: a person made it champion",
        ModelState.CHAMPION,
    )
    assert evaluation_of(services, shadow).promoted


def test_it_is_given_up_after_its_days(services: Services, shadow: Shadow) -> None:
    with services.store.session() as session:
        long_ago = database_now(session) - timedelta(days=29, hours=23)
        session.execute(update(Shadow).values(began_at=long_ago))
    watch(services)
    assert ended(services, shadow)[0] is ShadowState.RUNNING
    watch(services, shadow_days=29.0)
    assert ended(services, shadow) == (
        ShadowState.GIVEN_UP,
        "given up: in 29 days 0 of 5 garments were corrected",
        ModelState.REJECTED,
    )


def test_it_is_given_up_where_gold_decides_again(services: Services, shadow: Shadow) -> None:
    watch(services, promotion_by="gold")
    assert ended(services, shadow)[:2] == (
        ShadowState.GIVEN_UP,
        "given up: HEMLINE_PROMOTION_BY is 'gold' now",
    )


def test_it_is_given_up_where_it_lacks_a_label(
    services: Services, project: Project, shadow: Shadow
) -> None:
    with services.store.session() as session:
        config = render_label_config(["garment", "bag"])
        session.execute(update(Project).values(label_config=config))
    watch(services)
    state, why, _ = ended(services, shadow)
    assert state is ShadowState.GIVEN_UP
    assert "has labels now that it does not know" in why


def test_no_training_starts_by_itself_meanwhile_but_a_person_can_start_one(
    services: Services, shadow: Shadow, people: People
) -> None:
    changed = {"retrain_after": 1, "retrain_every_h": 1e-9, "gold_minimum": 1}
    eager = replace(services, settings=services.settings.model_copy(update=changed))
    people.correct(5, 7, 9)
    assert train_on_corrections(eager, 7) is None
    train_on_schedule(eager)
    by_gold = eager.settings.model_copy(update={"promotion_by": "gold"})
    assert train_on_corrections(replace(eager, settings=by_gold), 7) is not None
    assert "already queued" in request_training(eager, 7, RunTrigger.COMMAND).sentence


def test_a_command_and_status_show_it_and_the_command_ends_it(
    services: Services, shadow: Shadow, people: People, run: Callable[..., str]
) -> None:
    people.correct(5)
    compare_labels(services)
    progress = f"Project 7: {shadow.model_version.name} is in shadow of hemline-7-v1: 1 of 5"
    assert progress in run("shadow", "7")
    said = run("status")
    assert progress in said
    assert "`hemline shadow 7 --end` ends it." in said
    assert f"{shadow.model_version.name} is given up" in run("shadow", "7", "--end")
    assert ended(services, shadow) == (
        ShadowState.GIVEN_UP,
        "given up: somebody ended it",
        ModelState.REJECTED,
    )
    with services.store.reading() as session:
        (event,) = list_events(session)
    assert (event.action, event.target) == ("end shadow", "version 2")
    assert "in shadow" not in run("status")
    with pytest.raises(HemlineError, match="no candidate of project 7 is in shadow"):
        run("shadow", "7")
