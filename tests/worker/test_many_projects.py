"""What is looked at every minute costs as many queries for a thousand projects as for one."""

from collections.abc import Callable

import pytest

from hemline.labelstudio.project.config import render_label_config
from hemline.prefill.prefill import Prefiller
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import create_version, promote
from hemline.store.tables.loop import Project
from tests.transactions import counted
from worker.pool.improve_network import improve_when_idle
from worker.review.follow_verdicts import follow_verdicts
from worker.review.rank_job import rank_when_due
from worker.second_looks.blind_twins import work_on_twins
from worker.second_looks.show_returns import show_returns
from worker.services import Services
from worker.shadow.watch import watch_shadows
from worker.sweep import sweep_once


def add_projects(services: Services, numbers: range) -> None:
    with services.store.session() as session:
        for number in numbers:
            config = render_label_config(["garment"])
            row = upsert_project(session, ls_project_id=number, label_config=config)
            version = create_version(
                session,
                row.id,
                recipe={},
                labels=["garment"],
                weights_digest="a" * 64,
                code_version="0",
            )
            promote(session, version.id)


@pytest.mark.parametrize(
    "look",
    [
        rank_when_due,
        improve_when_idle,
        sweep_once,
        follow_verdicts,
        show_returns,
        work_on_twins,
        watch_shadows,
    ],
    ids=lambda look: look.__name__,
)
def test_queries_do_not_grow_with_projects(
    services: Services,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    look: Callable[[Services], None],
) -> None:
    monkeypatch.setattr(type(services.sender), "send", lambda *_, **__: True)
    monkeypatch.setattr(type(services.sender), "waiting", lambda *_: 0)
    monkeypatch.setattr(Prefiller, "may_improve_shipped", lambda self: True)
    monkeypatch.setattr(Prefiller, "may_improve", lambda self, version: False)
    costs = []
    for numbers in (range(100, 102), range(200, 240)):
        add_projects(services, numbers)
        with counted(services.store) as counts:
            look(services)
        costs.append(counts.statements)
    assert 0 < costs[1] <= costs[0]
