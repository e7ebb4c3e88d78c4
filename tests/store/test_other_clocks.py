"""A host whose clock is ten minutes off shares a PostgreSQL with one whose clock is right."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from hemline.store.database.clock import DatabaseTime, database_now
from hemline.store.database.columns import Base, UtcDateTime
from hemline.store.database.engine import Store
from hemline.store.loop.jobs import acquire_job, queue_job, stale_jobs
from hemline.store.models.card_claims import claim_card
from hemline.store.models.models import create_version, get_version, promote, rollback
from hemline.store.review.queries import count_new_labels
from hemline.store.review.signals import store_label_values
from hemline.store.states import JobKind
from hemline.store.tables import channels, hosts, loop, review
from hemline.store.tables.loop import Annotation, Project, Task, WebhookDelivery
from hemline.store.tables.review import LabelSignals
from tests.deliveries import record_delivery
from tests.plugins.databases import new_database

pytestmark = pytest.mark.postgres

FILLED_BY = (loop, review, channels, hosts)  # importing them puts their tables into Base.metadata
A_MINUTE = timedelta(minutes=1)
# What the other host does, by name: with a session of its own and the arguments it was given.
OTHER_HOST = """
import json, sys
from datetime import UTC, datetime
from hemline.store.database.engine import Store
from tests.deliveries import record_delivery
from tests.store import test_other_clocks as acts
store = Store(sys.argv[1])
with store.session() as session:
    result = getattr(acts, sys.argv[2])(session, *json.loads(sys.argv[3]))
store.dispose()
print(json.dumps([datetime.now(UTC).timestamp(), result]))
"""

Elsewhere = Callable[..., Any]


@pytest.fixture
def store_url(postgres_server: URL, postgres_template: str) -> Iterator[str]:
    """Not SQLite's: its database is on the host whose clock it goes by."""
    yield from new_database(postgres_server, template=postgres_template)


@pytest.fixture(params=[10, -10], ids=["ahead", "behind"])
def elsewhere(
    request: pytest.FixtureRequest,
    store_url: str,
    store: Store,
    clock_off_by: Callable[[int], dict[str, str]],
) -> Elsewhere:
    """Does something on a host whose clock is ten minutes ahead, or behind."""
    minutes: int = request.param

    def act(action: Callable[..., Any], *arguments: Any) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", OTHER_HOST, store_url, action.__name__, json.dumps(arguments)],
            env={**os.environ, **clock_off_by(minutes), "PYTHONPATH": str(Path.cwd())},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        its_time, result = json.loads(done.stdout)
        with store.reading() as session:
            ahead = its_time - database_now(session).timestamp()
        assert abs(ahead - minutes * 60) < 120, "the clock over there is not what it should be"
        return result

    return act


def take_job(session: Any, job_id: int) -> bool:
    return acquire_job(session, job_id, "elsewhere", 60)


def take_card(session: Any) -> bool:
    return claim_card(session, "GPU-1", "elsewhere", 60)


def make_version(session: Any, project_id: int) -> int:
    version = create_version(
        session, project_id, recipe={}, labels=["a"], weights_digest="a" * 64, code_version="0"
    )
    return promote(session, version.id).id


def store_signals(session: Any, annotation_id: int) -> None:
    session.add(
        LabelSignals(annotation_id=annotation_id, mask_digest="a" * 64, version=1, values={})
    )
    session.flush()

    claimed = session.get(LabelSignals, annotation_id)
    assert store_label_values(
        session,
        claimed,
        version=1,
        prediction_id=None,
        values={},
        regions={},
        histograms=None,
        risk=None,
    )


def deliver(session: Any) -> str:
    number = record_delivery(
        session, digest="d" * 64, action="TASKS_CREATED", ls_project_id=7, payload={}
    )
    row = session.get_one(WebhookDelivery, number)
    return str(row.received_at.isoformat())


def test_what_is_leased_elsewhere_is_taken_here_too(
    store: Store, project: Project, elsewhere: Elsewhere
) -> None:
    with store.session() as session:
        job = queue_job(session, project.id, JobKind.RANK, {})
    assert elsewhere(take_job, job.id)
    assert elsewhere(take_card)
    with store.session() as session:
        assert stale_jobs(session) == []
        assert not claim_card(session, "GPU-1", "here", 60)
        in_a_while = database_now(session) + timedelta(seconds=90)
        assert stale_jobs(session, now=in_a_while) == [job.id]
        assert acquire_job(session, job.id, "here", 60, now=in_a_while)
        assert claim_card(session, "GPU-1", "here", 60, now=in_a_while)


def test_a_rollback_leads_to_the_champion_before_whoever_promoted_it(
    store: Store, project: Project, elsewhere: Elsewhere
) -> None:
    with store.session() as session:
        make_version(session, project.id)
    second = elsewhere(make_version, project.id)
    with store.session() as session:
        third = make_version(session, project.id)
        make_version(session, project.id)
    with store.session() as session:
        assert rollback(session, project.id).id == third
        assert rollback(session, project.id).id == second
        made = get_version(session, second).created_at
        assert abs(made - database_now(session)) < A_MINUTE


def test_signals_that_were_computed_elsewhere_are_ranked_once(
    store: Store, project: Project, elsewhere: Elsewhere
) -> None:
    with store.session() as session:
        task = Task(project_id=project.id, ls_task_id=1)
        session.add(task)
        session.flush()
        labels = [
            Annotation(
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=number,
                mask_digest="a" * 64,
            )
            for number in (1, 2)
        ]
        session.add_all(labels)
    elsewhere(store_signals, labels[0].id)
    with store.session() as session:
        row = session.merge(project)
        assert count_new_labels(session, 1) == {row.id: 1}
        row.ranked_at = database_now(session)
        session.flush()
        assert count_new_labels(session, 1) == {}
    elsewhere(store_signals, labels[1].id)
    with store.session() as session:
        assert count_new_labels(session, 1) == {row.id: 1}


def test_what_came_elsewhere_has_not_waited_and_is_not_of_tomorrow(
    store: Store, project: Project, elsewhere: Elsewhere
) -> None:
    received = elsewhere(deliver)
    with store.reading() as session:
        now = database_now(session)
        assert abs(now.fromisoformat(received) - now) < A_MINUTE
        made = session.scalar(select(Project.created_at))
        assert made is not None
        assert abs(now - made) < A_MINUTE


def test_each_date_that_a_row_is_given_is_the_database_s() -> None:
    """So a table that is added cannot have one of the host's."""
    dates = [
        column
        for table in Base.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, UtcDateTime)
    ]
    assert len(dates) > 30
    for column in dates:
        for given in (column.default, column.onupdate):
            assert given is None or isinstance(getattr(given, "arg", None), DatabaseTime), column
    assert Project.__table__.c.created_at.default is not None
