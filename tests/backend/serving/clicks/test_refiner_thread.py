"""When the network for clicks is opened, and when another takes its place."""

import itertools
import time

import pytest

from backend.serving.clicks import refiner as refiner_thread
from hemline.labelstudio.project.click_controls import add_click_controls
from tests.backend.conftest import GARMENT, Backend, FakeRefiner
from tests.backend.serving.clicks.test_refine import ask, click, predicted, problems, region


@pytest.fixture
def connected(backend: Backend) -> Backend:
    backend.connect()
    return backend


def test_the_network_is_opened_before_the_first_click_of_a_project_with_controls(backend):
    backend.connect(add_click_controls(GARMENT).label_config)
    deadline = time.monotonic() + 10
    while not backend.prefiller.opened_refiners and time.monotonic() < deadline:
        time.sleep(0.01)
    assert backend.prefiller.opened_refiners == 1
    ask(backend, click(5, 5), **predicted(region()))
    assert backend.prefiller.opened_refiners == 1


def test_where_nobody_can_click_it_is_not_opened(connected):
    connected.predict(1)
    connected.finish_background()
    assert connected.prefiller.opened_refiners == 0


def test_a_quicker_form_takes_the_place_of_the_one_that_answers(connected, monkeypatch):
    """Also where it cannot be opened: then the one that answers goes on."""
    monkeypatch.setattr(refiner_thread, "_RETRY_S", 0.0)
    prefiller, first = connected.prefiller, connected.prefiller.refiner

    numbers = itertools.count()

    def clicked():
        new = click(5 + next(numbers) % 50, 8, key=f"k{next(numbers)}")
        assert ask(connected, new, **predicted(region())) != []

    def opened(number):
        deadline = time.monotonic() + 10
        while prefiller.opened_refiners < number and time.monotonic() < deadline:
            clicked()
        return prefiller.opened_refiners

    for _ in range(5):
        clicked()
    assert opened(1) == 1
    second = FakeRefiner()
    prefiller.refiner, prefiller.form_of_refiner = second, "int8"
    assert opened(2) == 2
    deadline = time.monotonic() + 10
    while not second.seen and time.monotonic() < deadline:
        clicked()
    before = len(first.seen)
    clicked()
    assert second.seen
    assert len(first.seen) == before

    prefiller.form_of_refiner, prefiller.refiner_problem = "another", "it is damaged"
    assert opened(4) >= 4
    clicked()
    assert problems(connected) == []
