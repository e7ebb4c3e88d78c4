"""What the schedule sends is worked on once, also where the hosts' clocks differ."""

import pytest

from hemline.settings import get_settings
from worker import tasks
from worker.app import build
from worker.services import Services


def test_a_tick_reaches_a_worker_whose_clock_is_ten_minutes_ahead() -> None:
    """In Celery the sender's clock says when a message expires, the receiver's whether it has."""
    schedule = build(get_settings()).conf.beat_schedule
    assert {"sweep", "reconcile", "schedule", "tidy"} == set(schedule)
    for entry in schedule.values():
        assert entry["options"]["expires"] > entry["schedule"] + 600


def test_a_look_that_fails_keeps_none_from_its_turn(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def follow_verdicts(_: Services) -> None:
        raise RuntimeError("a row that nobody thought of")

    monkeypatch.setattr(tasks, "get_services", lambda: services)
    monkeypatch.setattr(tasks, "follow_verdicts", follow_verdicts)
    for look in ("show_reviews", "show_returns", "work_on_twins", "watch_shadows"):
        monkeypatch.setattr(tasks, look, lambda _, look=look: done.append(look))
    tasks.schedule()
    assert done == ["show_reviews", "show_returns", "work_on_twins", "watch_shadows"]
    assert "follow_verdicts failed" in caplog.text


def test_ticks_that_piled_up_are_one_and_what_is_asked_for_is_done(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(tasks, "get_services", lambda: services)
    monkeypatch.setattr(tasks, "reconcile_all", lambda _: done.append("reconcile"))
    for _ in range(20):
        tasks.reconcile(every_s=60.0)
    assert done == ["reconcile"]
    tasks.reconcile()
    assert done == ["reconcile"] * 2
