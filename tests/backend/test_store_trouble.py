"""While another process writes, or nothing can be stored: reads go on, and the rest is said."""

import threading

import pytest
from sqlalchemy import event, text

from hemline.labelstudio.project.config import render_label_config
from hemline.store.database.engine import SQLITE_BUSY_TIMEOUT_S, Store
from tests.backend.conftest import GARMENT, KEY
from tests.backend.dashboard.visitor import Visitor
from tests.plugins.s3 import answers

CORRECTION = {
    "action": "ANNOTATION_CREATED",
    "annotation": {"id": 1, "task": 1, "result": []},
    "task": {"id": 1, "data": {"image": "/data/upload/1/dress1.png"}},
    "project": {"id": 1},
}


class LongWriter:
    """Another process that holds the database, for less long than Hemline waits by default: what
    waits for it ends after it."""

    def __init__(self, settings):
        self._store = Store(settings.database)
        self._begun, self._told = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write)

    @property
    def writes(self):
        return self._thread.is_alive()

    def _write(self):
        with self._store.session() as session:
            session.execute(text("SELECT 1"))
            self._begun.set()
            self._told.wait(0.8 * SQLITE_BUSY_TIMEOUT_S)

    def __enter__(self):
        self._thread.start()
        assert self._begun.wait(30)
        return self

    def __exit__(self, *_):
        self._told.set()
        self._thread.join()
        self._store.dispose()


def test_reads_wait_for_no_writer(make_backend, monkeypatch):
    monkeypatch.setattr("backend.protocol.delivery_writer._WAIT_S", 0.2)
    first = make_backend()
    assert first.connect() is not None
    (mask,) = first.predict(1)
    again = make_backend()
    visitor = Visitor(again)
    with LongWriter(again.services.settings) as writer:
        setup = again.client.post("/setup", json={"project": KEY, "schema": GARMENT})
        assert setup.status_code == 200
        again.services.serving.wait(1, seconds=10)
        (stored,) = again.predict(1)
        assert stored["result"] == mask["result"]
        refused = again.client.post("/webhook", json=CORRECTION)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert "held by another process" in refused.json["detail"]
        assert again.client.get("/livez").status_code == 200
        visitor.see("/dashboard/1")
        assert again.client.get("/versions").status_code == 200
        assert writer.writes, "something waited until the writer was done"
    assert again.client.post("/webhook", json=CORRECTION).status_code == 201


@pytest.mark.parametrize("is_known", [True, False])
def test_a_setup_that_is_news_is_refused_while_label_studio_still_waits(make_backend, is_known):
    backend = make_backend()
    if is_known:
        backend.connect()
    news = {"project": KEY, "schema": render_label_config(["dress"])}
    with LongWriter(backend.services.settings) as writer:
        refused = backend.client.post("/setup", json=news)
        assert writer.writes, "/setup waited until the writer was done"
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert "held by another process" in refused.json["detail"]
    assert backend.client.post("/setup", json=news).status_code == 200


def test_a_setup_waits_no_longer_for_another_of_its_own_process(make_backend):
    backend = make_backend()
    done = threading.Event()
    with LongWriter(backend.services.settings) as writer:

        def predicts():  # with more patience
            backend.predict(1)
            done.set()

        first = threading.Thread(target=predicts)
        first.start()
        while not backend.services.projects._writing.locked():
            assert not done.is_set()
        refused = backend.client.post("/setup", json={"project": "2.1", "schema": GARMENT})
        assert writer.writes, "/setup waited until the writer was done"
    first.join()
    assert refused.status_code == 503


def test_a_full_disk_is_a_503_and_the_probe_and_the_overview_say_it(backend, monkeypatch):
    backend.connect()
    visitor = Visitor(backend)
    sentence = "the disk of '/hemline' is full (1 MiB left, Hemline needs 16); make room on it"
    monkeypatch.setattr("backend.monitoring.storage._EVERY_S", -1.0)
    monkeypatch.setattr("backend.monitoring.storage.storage_problem", lambda *_: sentence)
    ready = backend.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json["problem"] == sentence
    assert "Nothing can be stored: the disk of" in visitor.see("/dashboard/1")  # without photos
    backend.predict(1)
    overview = visitor.see("/dashboard/1")
    assert "1 photo waits for a label" in overview
    assert "Nothing can be stored: the disk of" in overview
    monkeypatch.undo()
    backend.services.storage._looked_at = None
    assert backend.client.get("/readyz").status_code == 200
    assert "Nothing can be stored" not in visitor.see("/dashboard/1")


def test_what_cannot_be_stored_is_asked_for_again_later(backend):
    backend.connect()

    @event.listens_for(backend.store._engine, "checkout")
    def limit(connection, *_):
        connection.execute("PRAGMA max_page_count = 1")  # not below what there is

    answer = backend.client.post("/webhook", json=CORRECTION | big())
    assert answer.status_code == 503
    assert "make room on its disk" in answer.json["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    event.remove(backend.store._engine, "checkout", limit)


def test_without_its_bucket_the_backend_answers_and_loses_nothing(make_backend, s3):
    backend = make_backend(artifact_url=s3.url, artifact_cache_bytes=0)
    backend.connect()
    (mask,) = backend.predict(1)
    assert mask["result"]
    s3.fault = answers("503 Slow Down", "SlowDown")
    for number in (1, 2):  # one whose mask is in the bucket, and one that would go there
        (left,) = backend.predict(number)
        assert "result" not in left
        assert "check HEMLINE_ARTIFACT_URL" in left["problem"]
    assert backend.client.post("/webhook", json=CORRECTION).status_code == 201
    assert backend.client.get("/readyz").status_code == 200
    s3.fault = None
    (mask,) = backend.predict(2)
    assert mask["result"]


def big():
    result = [{"id": str(n), "value": {"rle": list(range(200))}} for n in range(500)]
    return {"annotation": {"id": 2, "task": 1, "result": result}}
