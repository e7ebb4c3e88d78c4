"""The few networks used last stay in memory."""

import threading
from types import SimpleNamespace

import pytest

from backend.serving.network_cache import Predictors
from hemline.errors import ModelError


def version(digest):
    return SimpleNamespace(weights_digest=digest)


def test_loaded_once_and_the_one_used_longest_ago_goes():
    loads = []

    def load(version):
        loads.append(version.weights_digest)
        return SimpleNamespace()

    predictors = Predictors(load, keep=2)
    first = predictors.get(version("a"))
    assert predictors.get(version("a")) is first
    predictors.get(version("b"))
    predictors.get(version("a"))
    predictors.get(version("c"))  # b goes
    predictors.get(version("a"))
    assert loads == ["a", "b", "c"]
    predictors.get(version("b"))
    assert loads == ["a", "b", "c", "b"]


def test_threads_that_ask_together_load_once():
    loads, barrier = [], threading.Barrier(8)

    def load(version):
        loads.append(version.weights_digest)
        threading.Event().wait(0.02)
        return SimpleNamespace()

    predictors = Predictors(load)

    def ask():
        barrier.wait()
        predictors.get(version("a"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == ["a"]


def test_a_failed_load_is_tried_again():
    answers = iter([ModelError("broken"), SimpleNamespace()])

    def load(_):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    predictors = Predictors(load)
    with pytest.raises(ModelError):
        predictors.get(version("a"))
    assert predictors.get(version("a")) is not None
