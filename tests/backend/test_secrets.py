"""No secret that comes with a message is in an answer, a metric or a stored problem."""

import copy
from typing import Any

import pytest
from sqlalchemy import select

from hemline.labelstudio.project.config import render_label_config
from hemline.redaction import redact
from hemline.store.database.columns import Base
from hemline.store.tables.loop import TaskProblem, WebhookDelivery

GARMENT = render_label_config(["garment"])
CANARY = "c4nary-of-a-message-7"
ADDRESS = f"https://user:{CANARY}@photos.example/x.jpg?X-Amz-Signature={CANARY}"
SETTINGS = {
    "label_studio_api_key": CANARY + "a",
    "webhook_secret": CANARY + "b",
    "secret_key": CANARY + "c",
}

MESSAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "/setup",
        {
            "project": "1.2",
            "schema": GARMENT,
            "hostname": "http://h",
            "access_token": "t",
            "extra_params": {"key": "x"},
        },
    ),
    (
        "/predict",
        {
            "project": "1.2",
            "label_config": GARMENT,
            "params": {"login": "l", "password": "p"},
            "tasks": [{"id": 7, "data": {"image": "x"}, "meta": {"key": "x"}}],
        },
    ),
    (
        "/webhook",
        {
            "action": "ANNOTATION_CREATED",
            "annotation": {"id": 1, "task": 7, "result": []},
            "task": {"id": 7, "data": {"image": "x"}},
            "project": {"id": 1, "token": "t", "task_data_password": "p", "title": "x"},
        },
    ),
)


def _with_canaries(message: Any) -> list[Any]:
    """The message once for each text in it, which an address with a password takes the place of."""
    made = []
    for key, value in list(message.items() if isinstance(message, dict) else enumerate(message)):
        changes = [ADDRESS] if isinstance(value, str) else []
        if isinstance(value, dict | list):
            changes = _with_canaries(value)
        for change in changes:
            other = copy.deepcopy(message)
            other[key] = change
            made.append(other)
    return made


@pytest.mark.parametrize(("path", "message"), MESSAGES)
def test_no_field_of_a_message_gets_out(
    make_backend: Any,
    path: str,
    message: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = make_backend(**SETTINGS)
    backend.photos.errors[ADDRESS] = ValueError(f"cannot open {ADDRESS}")
    backend.connect(key="1.2")
    headers = {"X-Hemline-Secret": SETTINGS["webhook_secret"]}
    written = []
    for changed in _with_canaries(message):
        answer = backend.client.post(path, json=changed, headers=headers, buffered=True)
        written.append(answer.text)
    backend.finish_background()
    written += [backend.client.get(page).text for page in ("/metrics", "/health", "/readyz")]
    with backend.store.reading() as session:
        for table in Base.metadata.tables.values():
            for column in table.columns:
                if "problem" in column.name:
                    written += [str(value) for value in session.scalars(select(column))]
    captured = capsys.readouterr()
    log = captured.out + captured.err
    assert path in log
    written += map(redact, log.splitlines())  # as the log's formatter writes its lines
    assert CANARY not in "".join(written)


def test_a_photo_that_cannot_be_fetched_is_marked_without_the_password(make_backend: Any) -> None:
    backend = make_backend()
    backend.photos.errors[ADDRESS] = ValueError(f"cannot open {ADDRESS}")
    backend.connect()
    (item,) = backend.predict(7, url=ADDRESS)
    assert CANARY not in str(item)
    with backend.store.reading() as session:
        marks = session.scalars(select(TaskProblem.problem)).all()
    assert CANARY not in str(marks)


def test_what_a_webhook_tells_of_tokens_is_not_stored(make_backend: Any) -> None:
    backend = make_backend()
    message = copy.deepcopy(MESSAGES[2][1])
    message["project"] |= {"token": CANARY, "task_data_password": CANARY, "task_data_login": CANARY}
    backend.client.post("/webhook", json=message)
    with backend.store.reading() as session:
        assert CANARY not in str(session.scalars(select(WebhookDelivery.payload)).all())
