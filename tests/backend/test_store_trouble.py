"""While another process writes, or nothing can be stored: reads go on, and the rest is said."""

from contextlib import contextmanager

from sqlalchemy import event, text

from hemline.store.database.engine import Store
from tests.backend.conftest import GARMENT, KEY
from tests.plugins.s3 import answers

CORRECTION = {
    "action": "ANNOTATION_CREATED",
    "annotation": {"id": 1, "task": 1, "result": []},
    "task": {"id": 1, "data": {"image": "/data/upload/1/dress1.png"}},
    "project": {"id": 1},
}


@contextmanager
def a_long_writer(settings):
    other = Store(settings.database)
    with other.session() as session:
        session.execute(text("SELECT 1"))
        yield
    other.dispose()


def test_reads_wait_for_no_writer(make_backend, monkeypatch):
    monkeypatch.setattr("backend.protocol.delivery_writer._WAIT_S", 0.2)
    first = make_backend()
    assert first.connect() is not None
    (mask,) = first.predict(1)
    again = make_backend()
    with a_long_writer(again.services.settings):
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
    assert again.client.post("/webhook", json=CORRECTION).status_code == 201


def test_a_full_disk_is_a_503_and_the_probe_and_the_overview_say_it(backend, monkeypatch):
    backend.connect()
    sentence = "the disk of '/hemline' is full (1 MiB left, Hemline needs 16); make room on it"
    monkeypatch.setattr("backend.monitoring.storage._EVERY_S", -1.0)
    monkeypatch.setattr("backend.monitoring.storage.storage_problem", lambda *_: sentence)
    ready = backend.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json["problem"] == sentence
    monkeypatch.undo()
    backend.services.storage._looked_at = None
    assert backend.client.get("/readyz").status_code == 200


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
