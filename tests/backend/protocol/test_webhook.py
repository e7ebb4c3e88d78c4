"""/webhook: stored once before it is answered, whoever may send it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from backend.protocol import webhook
from hemline.labelstudio.project.connect import SECRET_HEADER
from hemline.store.loop.deliveries import count_by_state
from hemline.store.states import DeliveryState
from hemline.store.tables.loop import WebhookDelivery

BASIC = ("lucy", "pässword")


def correction(number=1, **more):
    return {
        "action": "ANNOTATION_CREATED",
        "annotation": {"id": number, "task": 7, "result": [{"value": {"rle": [1, 2, 3]}}]},
        "task": {"id": 7, "data": {"image": "/data/upload/1/a.png"}},
        "project": {"id": 1, "token": "SECRET", "task_data_password": "SECRET", "title": "x"},
    } | more


def post(backend, body, **more):
    return backend.client.post("/webhook", json=body, **more)


def deliveries(backend):
    with backend.store.reading() as session:
        return session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)).all()


@pytest.mark.parametrize(
    "action",
    [
        "ANNOTATION_CREATED",
        "ANNOTATION_UPDATED",
        "ANNOTATION_DELETED",
        "ANNOTATIONS_CREATED",
        "ANNOTATIONS_UPDATED",
        "ANNOTATIONS_DELETED",
        "START_TRAINING",
        "PROJECT_UPDATED",
        "TASKS_CREATED",
        "TASKS_DELETED",
    ],
)
def test_a_known_event_is_stored_then_answered_201_then_told_to_the_worker(backend, action):
    answer = post(backend, correction(action=action))
    assert answer.status_code == 201
    assert answer.json == {"result": {"new": True}, "status": "ok"}
    (delivery,) = deliveries(backend)
    assert (delivery.action, delivery.ls_project_id) == (action, 1)
    assert delivery.state is DeliveryState.NEW
    backend.finish_background()
    assert backend.sent == [("worker.ingest", "ingest")]


@pytest.mark.parametrize(
    "action", ["LABEL_LINK_CREATED", "", "annotation_created", "💃", "x" * 100_000]
)
def test_an_unknown_event_is_answered_200_and_not_kept(backend, action):
    answer = post(backend, correction(action=action))
    assert answer.status_code == 200
    assert answer.json == {"status": "Unknown event"}
    assert deliveries(backend) == []


def test_secrets_are_not_kept(backend):
    post(backend, correction())
    assert "SECRET" not in json.dumps(deliveries(backend)[0].payload)


def test_what_comes_twice_is_kept_once(backend):
    assert post(backend, correction()).json["result"] == {"new": True}
    again = post(backend, correction(project={"id": 1, "token": "OTHER", "title": "x"}))
    assert again.status_code == 201
    assert again.json["result"] == {"new": False}
    assert len(deliveries(backend)) == 1


def test_what_comes_many_times_at_once_is_kept_once(backend):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(backend, correction()).status_code, range(16)))
    assert answers == [201] * 16
    assert len(deliveries(backend)) == 1


@pytest.mark.parametrize("action", ["START_TRAINING", "PROJECT_UPDATED"])
def test_a_button_pressed_again_later_is_another_delivery(backend, monkeypatch, action):
    now = [1_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    body = {"action": action, "project": {"id": 1}}
    post(backend, body)
    now[0] += 1
    post(backend, body)  # the same press, sent twice
    assert len(deliveries(backend)) == 1
    now[0] += 3600
    post(backend, body)
    assert len(deliveries(backend)) == 2


def test_deletions_carry_ids_only(backend):
    body = {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 1}], "project": {"id": 1}}
    assert post(backend, body).status_code == 201


def test_lists_of_annotations_and_tasks(backend):
    body = correction(
        action="ANNOTATIONS_CREATED",
        annotation=[{"id": 1, "task": 7}, {"id": 2, "task": 8}],
        task=[{"id": 7}, {"id": 8}],
    )
    assert post(backend, body).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b'{"action": null}',
        b'{"action": ["x"]}',
        b'{"action": "ANNOTATION_CREATED", "annotation": [1]}',
        b'{"action": "ANNOTATION_CREATED", "project": {"id": "x"}}',
        b'{"action": "ANNOTATION_CREATED", "annotation": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"a":' * 100_000,
    ],
)
def test_hostile_bodies_are_a_bad_request_in_one_sentence(backend, body):
    answer = backend.client.post("/webhook", data=body)
    assert answer.status_code == 400, answer.text
    assert list(answer.json) == ["detail"]
    assert deliveries(backend) == []


def test_what_databases_refuse_is_stored_all_the_same(backend):
    body = json.dumps(correction()).replace('"x"', '"\\u0000\\ud800 \\ud83d\\udc57 é", "n": NaN')
    assert backend.client.post("/webhook", data=body).status_code == 201
    assert deliveries(backend)[0].payload["project"]["title"] == "\ufffd? 👗 é"


def test_a_body_over_the_limit_is_refused(backend, monkeypatch):
    monkeypatch.setattr(webhook, "_LIMIT", 1000)
    answer = post(backend, correction(extra="x" * 2000))
    assert answer.status_code == 413
    assert "detail" in answer.json


def test_a_broker_that_is_away_changes_nothing_for_label_studio(backend):
    def fail(*_, **__):
        raise ConnectionError("no broker")

    object.__setattr__(backend.services, "send", fail)
    assert post(backend, correction()).status_code == 201
    assert post(backend, correction(2)).status_code == 201
    backend.finish_background()
    assert len(deliveries(backend)) == 2


def test_it_is_stored_before_anything_is_told_to_the_worker(backend):
    seen = []

    def send(*_, **__):
        with backend.store.reading() as session:
            seen.append(count_by_state(session)[DeliveryState.NEW])

    object.__setattr__(backend.services, "send", send)
    post(backend, correction())
    backend.finish_background()
    assert seen == [1]


# Who may send: the secret header, or Basic auth; the button is no webhook.


@pytest.mark.parametrize(
    ("settings", "headers", "auth", "action", "status"),
    [
        ({}, {}, None, "ANNOTATION_CREATED", 201),
        ({"webhook_secret": "s"}, {SECRET_HEADER: "s"}, None, "ANNOTATION_CREATED", 201),
        ({"webhook_secret": "s"}, {SECRET_HEADER: "x"}, None, "ANNOTATION_CREATED", 401),
        ({"webhook_secret": "s"}, {SECRET_HEADER: "ś"}, None, "ANNOTATION_CREATED", 401),
        ({"webhook_secret": "s"}, {}, None, "ANNOTATION_CREATED", 401),
        ({"webhook_secret": "s"}, {}, None, "NO_SUCH_EVENT", 401),
        ({"webhook_secret": "s"}, {}, None, "START_TRAINING", 201),
        (
            {"basic_auth_user": "lucy", "basic_auth_pass": "pässword"},
            {},
            BASIC,
            "ANNOTATION_CREATED",
            201,
        ),
        (
            {"basic_auth_user": "lucy", "basic_auth_pass": "pässword"},
            {},
            None,
            "ANNOTATION_CREATED",
            401,
        ),
        (
            {"basic_auth_user": "lucy", "basic_auth_pass": "pässword"},
            {},
            None,
            "START_TRAINING",
            401,
        ),
        (
            {"basic_auth_user": "lucy", "basic_auth_pass": "pässword", "webhook_secret": "s"},
            {SECRET_HEADER: "s"},
            None,
            "ANNOTATION_CREATED",
            201,
        ),
        (
            {"basic_auth_user": "lucy", "basic_auth_pass": "pässword", "webhook_secret": "s"},
            {},
            BASIC,
            "START_TRAINING",
            201,
        ),
        (
            {"basic_auth_user": "lucy", "basic_auth_pass": "pässword", "webhook_secret": "s"},
            {},
            None,
            "START_TRAINING",
            401,
        ),
        (
            {"basic_auth_user": "lucy", "basic_auth_pass": "pässword", "webhook_secret": "s"},
            {},
            ("lucy", "wrong"),
            "ANNOTATION_CREATED",
            401,
        ),
    ],
)
def test_who_may_send(make_backend, settings, headers, auth, action, status):
    backend = make_backend(**settings)
    answer = post(
        backend,
        correction(action=action),
        auth=auth,
        headers={name: value.encode().decode("latin-1") for name, value in headers.items()},
    )
    assert answer.status_code == status
    assert len(deliveries(backend)) == (status == 201)
    if status == 401:
        assert "detail" in answer.json
        assert "WWW-Authenticate" in answer.headers
