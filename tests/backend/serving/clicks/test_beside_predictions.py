"""Clicks while the network for whole photos is busy."""

import threading

from tests.backend.serving.clicks.test_refine import ask, click, predicted, region


def test_a_click_does_not_wait_for_a_prediction(backend):
    backend.connect()
    network = backend.network()
    network.gate.clear()
    opening = threading.Thread(target=lambda: backend.predict(9))
    opening.start()
    network.entered.acquire()
    assert ask(backend, click(40, 8), **predicted(region())) != []
    network.gate.set()
    opening.join()
