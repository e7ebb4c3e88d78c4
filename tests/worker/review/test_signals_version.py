"""A newer version of the signals: all that is stored is computed again, and learnt from again."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.store.loop.projects import get_project
from hemline.store.tables.loop import Project
from hemline.store.tables.review import LabelSignals, PredictionSignals
from hemline.system.queue import Sender
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from tests.worker.review.test_signals import Deliver, predicted, rank, rank_all, submit
from worker.review.signals import compute_signals, signals_wait
from worker.review.stored_ranking import ranking_of
from worker.services import Services
from worker.sweep import sweep_once

__all__ = ["predicted"]  # the fixture

KEPT = {"missing_total": 7.0}  # what an older version had to say of every mask


class RememberingSender(Sender):
    """Remembers what it is asked to send; nothing waits in its queues."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, task_name: str, *args: Any, queue: str) -> bool:
        self.sent.append(task_name)
        return True

    def waiting(self, queue: str) -> int:
        return 0


def raise_version(monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """As if the constant had another value, wherever it was imported."""
    for module in list(sys.modules.values()):
        if isinstance(getattr(module, "SIGNALS_VERSION", None), int):
            monkeypatch.setattr(module, "SIGNALS_VERSION", version)


def stored(services: Services) -> list[LabelSignals | PredictionSignals]:
    with services.store.reading() as session:
        return [*session.scalars(select(LabelSignals)), *session.scalars(select(PredictionSignals))]


@pytest.mark.usefixtures("predicted")
def test_raising_the_version_computes_again_what_is_stored(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(fake, deliver, services, 1, disc(0)[1])
    rank_all(services, project)
    with services.store.session() as session:
        session.execute(update(LabelSignals).values(values=KEPT, claimed_at=None))
        session.execute(update(PredictionSignals).values(values=KEPT, claimed_at=None))
    sender = RememberingSender()
    services = replace(services, sender=sender)
    sweep_once(services)
    assert sender.sent == []

    newer = SIGNALS_VERSION + 1
    raise_version(monkeypatch, newer)
    sweep_once(services)
    assert sender.sent == ["worker.signals"]
    while signals_wait(services):
        compute_signals(services)
    rows = stored(services)
    assert len(rows) == 7
    assert {row.version for row in rows} == {newer}
    assert not [row for row in rows if row.values["missing_total"] == KEPT["missing_total"]]


@pytest.mark.usefixtures("predicted")
def test_a_ranking_of_an_older_version_is_not_used(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def samples() -> tuple[int, int]:
        with services.store.reading() as session:
            ranked = get_project(session, 7)
        assert ranked is not None
        ranking = ranking_of(services.artifacts, ranked)
        return len(ranking.labels.tasks), len(ranking.photos.tasks)

    monkeypatch.setattr("worker.review.stored_ranking._KEPT", {})
    submit(fake, deliver, services, 1, np.flipud(disc(0)[1]).copy())
    rank_all(services, project)
    assert samples() == (1, 5)
    raise_version(monkeypatch, SIGNALS_VERSION + 1)
    monkeypatch.setattr("worker.review.stored_ranking._KEPT", {})
    assert samples() == (0, 0)
    with services.store.session() as session:
        session.execute(update(LabelSignals).values(claimed_at=None))
        session.execute(update(PredictionSignals).values(claimed_at=None))
    while signals_wait(services):
        compute_signals(services)
    rank(services, project)
    assert samples() == (1, 5)
