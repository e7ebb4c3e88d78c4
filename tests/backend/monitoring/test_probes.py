"""/livez, /readyz and /metrics."""

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from backend.monitoring.broker import BrokerWatch
from backend.monitoring.metrics import Metrics
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.projects import known_project
from hemline.store.states import JobKind


def scrape(backend):
    answer = backend.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_livez(backend):
    assert backend.client.get("/livez").json == {"status": "UP"}


def test_ready_once_champions_are_loaded(backend):
    backend.connect()
    backend.services.serving.look()
    answer = backend.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["status"] == "READY"


def test_not_ready_before_the_store_was_read(backend):
    backend.services.serving.stop()
    backend.services.serving._polled_at = None
    answer = backend.client.get("/readyz")
    assert answer.status_code == 503
    assert "store" in answer.json["problem"]


def test_not_ready_while_the_store_is_away(backend):
    backend.services.serving.stop()
    backend.services.serving._polled_at = time.monotonic() - 60
    answer = backend.client.get("/readyz")
    assert answer.status_code == 503
    assert "60 s" in answer.json["problem"]


def test_a_broker_that_is_away_is_told_and_is_no_reason_to_send_requests_elsewhere(backend):
    backend.connect()
    backend.services.serving.look()
    answer = backend.client.get("/readyz")
    assert (answer.status_code, answer.json["broker"]) == (200, "away")


@pytest.mark.parametrize("url", ["redis+socket:///nowhere/redis.sock", "redis://127.0.0.1:1/0"])
def test_a_broker_that_does_not_answer(url):
    metrics = Metrics()
    assert not BrokerWatch(url, metrics).look()
    assert metrics.registry.get_sample_value("hemline_broker_up") == 0


def test_a_broker_that_is_away_is_looked_for_more_often(monkeypatch):
    """A start waits for it; one that answers is looked at now and then."""
    watch = BrokerWatch("redis://127.0.0.1:1/0", Metrics())
    answers, waits = [False, False, True], []

    def wait(seconds):
        waits.append(seconds)
        if not answers:
            watch._stopping.set()

    monkeypatch.setattr(watch, "look", lambda: answers.pop(0))
    monkeypatch.setattr(watch._stopping, "wait", wait)
    watch._run()
    assert waits == [0.5, 0.5, 5.0]


def test_requests_are_counted_by_endpoint_and_made_up_paths_are_one(backend):
    backend.client.get("/health")
    backend.client.get("/no/such/1")
    backend.client.get("/no/such/2")
    samples = scrape(backend)
    assert samples["hemline_requests_total", "health", "GET", "200"] == 1
    assert samples["hemline_requests_total", "other", "other", "404"] == 2
    assert samples["hemline_request_seconds_count", "health"] == 1


def test_predictions_models_deliveries_and_jobs(backend):
    backend.connect()
    backend.predict(1, 2)
    backend.client.post("/webhook", json={"action": "START_TRAINING", "project": {"id": 1}})
    with backend.store.session() as session:
        job = queue_job(session, known_project(session, 1).id, JobKind.PREDICT_POOL, {})
    samples = scrape(backend)
    assert samples["hemline_task_answers_total", "model"] == 2
    assert samples["hemline_model_seconds_count",] == 2
    assert samples["hemline_champion_info", "1", "hemline-1-v1"] == 1
    assert samples["hemline_webhook_deliveries", "new"] == 1
    assert samples["hemline_webhook_deliveries", "failed"] == 0
    assert samples["hemline_job_total", str(job.id), "predict_pool"] == 0
    assert samples["hemline_store_up",] == 1
    assert ("hemline_broker_up",) in samples


def test_a_champion_that_is_replaced_leaves_the_metric(backend):
    backend.connect()
    backend.new_champion("second")
    versions = [key for key in scrape(backend) if key[0] == "hemline_champion_info"]
    assert versions == [("hemline_champion_info", "1", "hemline-1-v2")]


def test_metrics_are_answered_while_the_store_is_away(backend, monkeypatch):
    backend.client.get("/health")

    def away():
        raise ConnectionError

    monkeypatch.setattr(backend.store, "reading", away)
    samples = scrape(backend)
    assert samples["hemline_store_up",] == 0
    assert samples["hemline_requests_total", "health", "GET", "200"] == 1
