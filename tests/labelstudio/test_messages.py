"""Messages as Label Studio 1.23 sends them, and as others may."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import LabelStudioError
from hemline.labelstudio.client import Json
from hemline.labelstudio.messages import (
    PredictRequest,
    SetupRequest,
    WebhookPayload,
    delivery_digest,
    parse_project_key,
    scrub,
)

TASK = {"id": 7, "data": {"image": "/data/upload/1/x.jpg"}, "project": 3, "annotations": []}
ANNOTATION = {
    "id": 12,
    "task": 7,
    "result": [{"type": "brushlabels"}],
    "was_cancelled": False,
    "ground_truth": False,
    "lead_time": 3.5,
    "completed_by": 1,
    "project": 3,
}
PROJECT = {"id": 3, "title": "Tops", "token": "t0ken", "task_data_password": "hidden"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_setup_as_label_studio_sends_it():
    message = SetupRequest.parse(
        {
            "project": "1.1795225515",
            "schema": "<View/>",
            "hostname": "http://127.0.0.1:8180",
            "access_token": "secret",
            "extra_params": {"a": 1},
        }
    )
    assert message == SetupRequest("1.1795225515", 1, "<View/>", "http://127.0.0.1:8180")


def test_empty_setup_is_read():
    assert SetupRequest.parse({}) == SetupRequest("", None, "", "")


def test_predict_as_label_studio_sends_it():
    message = PredictRequest.parse(
        {
            "tasks": [TASK],
            "project": "3.1795225515",
            "label_config": "<View/>",
            "params": {"login": None, "password": None, "context": None},
        }
    )
    assert message == PredictRequest([TASK], "3.1795225515", 3, "<View/>", None)


def test_predict_with_what_may_be_missing():
    assert PredictRequest.parse({}) == PredictRequest([], "", None, "", None)
    assert PredictRequest.parse({"tasks": None, "params": None}).tasks == []
    lone = PredictRequest.parse({"tasks": TASK})
    assert (lone.tasks, lone.project, lone.project_id) == ([TASK], "", 3)


@pytest.mark.parametrize("where", ["params", "top"])
def test_context_of_an_interactive_request(where):
    context = {"result": [{"type": "keypointlabels"}]}
    payload = {"params": {"context": context}} if where == "params" else {"context": context}
    assert PredictRequest.parse({"tasks": [TASK]} | payload).context == context


@pytest.mark.parametrize("tasks", ["tasks", 5, [TASK, None], ["task"]])
def test_tasks_that_are_none_are_named(tasks):
    with pytest.raises(LabelStudioError, match='"tasks" of a message holds'):
        PredictRequest.parse({"tasks": tasks})


@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("1.1795225515", (1, 1795225515)),
        ("12", (12, None)),
        (12, (12, None)),
        ("3.", (3, None)),
        ("3.x", (3, None)),
    ],
)
def test_project_key(key, read):
    assert parse_project_key(key) == read


@pytest.mark.parametrize("key", ["", "x", "-1", "0", "1e3", ".5", "²", "9" * 5000, 2**31, "1 "])
def test_broken_project_key_is_named(key):
    with pytest.raises(LabelStudioError, match="is not a valid project id"):
        parse_project_key(key)


def test_one_annotation_created():
    message = WebhookPayload.parse(
        {"action": "ANNOTATION_CREATED", "annotation": ANNOTATION, "project": PROJECT, "task": TASK}
    )
    assert (message.project_id, message.annotation_ids, message.task_ids) == (3, [12], [7])
    assert (message.annotations, message.tasks) == ([ANNOTATION], [TASK])


def test_annotations_created_from_predictions_are_lists_in_any_order():
    others = [TASK | {"id": 8}, TASK]
    message = WebhookPayload.parse(
        {
            "action": "ANNOTATIONS_CREATED",
            "annotation": [ANNOTATION, ANNOTATION | {"id": 13, "task": 8}],
            "project": PROJECT,
            "task": others,
        }
    )
    assert (message.annotation_ids, message.task_ids) == ([12, 13], [8, 7])


@pytest.mark.parametrize("action", ["ANNOTATIONS_DELETED", "ANNOTATION_DELETED"])
def test_deleted_annotations_are_ids(action):
    message = WebhookPayload.parse(
        {"action": action, "annotations": [{"id": 1}, {"id": 2}], "project": PROJECT}
    )
    assert message.annotation_ids == [1, 2]
    assert message.tasks == []


@pytest.mark.parametrize(
    ("payload", "project_id", "task_ids"),
    [
        ({"action": "START_TRAINING", "project": PROJECT}, 3, []),
        ({"action": "PROJECT_UPDATED", "project": PROJECT}, 3, []),
        ({"action": "PROJECT_DELETED", "project": {"id": 3}}, 3, []),
        ({"action": "TASKS_CREATED", "tasks": [TASK], "project": PROJECT}, 3, [7]),
        (
            {"action": "TASKS_DELETED", "tasks": [{"id": 7}, {"id": 8}], "project": PROJECT},
            3,
            [7, 8],
        ),
        ({"action": "ANNOTATION_CREATED", "annotation": ANNOTATION}, 3, []),
        ({"action": "START_TRAINING", "project": "3.1795225515"}, 3, []),
        ({}, None, []),
    ],
)
def test_other_actions(payload, project_id, task_ids):
    message = WebhookPayload.parse(payload)
    assert message.action == payload.get("action", "")
    assert (message.project_id, message.task_ids) == (project_id, task_ids)


@pytest.mark.parametrize(
    "payload",
    [
        {"annotation": 5},
        {"annotations": [3]},
        {"task": "x"},
        {"project": [1]},
        {"project": True},
        {"project": {"id": "x"}},
    ],
)
def test_broken_webhooks_are_named(payload):
    with pytest.raises(LabelStudioError):
        WebhookPayload.parse({"action": "ANNOTATION_CREATED"} | payload)


@pytest.mark.parametrize("number", [None, "x", 0, -3, True, 2**40, 1.5, [1], {}])
def test_ids_that_are_none_are_named(number):
    message = WebhookPayload.parse({"annotations": [{"id": number}], "tasks": [{"id": number}]})
    with pytest.raises(LabelStudioError, match="is not a valid annotation id"):
        message.annotation_ids  # noqa: B018
    with pytest.raises(LabelStudioError, match="is not a valid task id"):
        message.task_ids  # noqa: B018


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "action",
                "project",
                "annotation",
                "annotations",
                "task",
                "tasks",
                "schema",
                "label_config",
                "params",
                "context",
                "extra_params",
                "hostname",
            ]
        ),
        json_values,
    )
)
def test_anything_is_read_or_refused_in_words(payload):
    for kind in (WebhookPayload, PredictRequest, SetupRequest):
        try:
            project_id = kind.parse(payload).project_id
        except LabelStudioError:
            continue
        assert project_id is None or project_id > 0


def test_scrub_takes_secrets_out_at_every_level_and_leaves_the_rest():
    payload: Json = {
        "action": "START_TRAINING",
        "project": PROJECT | {"Access_Token": "x"},
        "task": [{"data": {"image": "a", "password": "p"}, "result": [{"rle": [1, 2]}]}],
    }
    scrubbed = scrub(payload)
    assert scrubbed == {
        "action": "START_TRAINING",
        "project": {"id": 3, "title": "Tops"},
        "task": [{"data": {"image": "a"}, "result": [{"rle": [1, 2]}]}],
    }
    assert payload["project"]["token"] == "t0ken"  # The original is left as it was.


def nested(levels):
    value: Json = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


def test_what_is_nested_without_end_is_refused():
    assert scrub(nested(30)) == nested(30)
    with pytest.raises(LabelStudioError, match="nested"):
        scrub(nested(400))
    with pytest.raises(LabelStudioError, match="nested"):
        delivery_digest(nested(100_000))


@given(st.dictionaries(st.text(), json_values))
def test_digest_is_of_the_content(payload):
    shuffled = json.loads(json.dumps(dict(reversed(payload.items()))))
    assert delivery_digest(shuffled) == delivery_digest(payload)
    assert delivery_digest(payload | {"another": 1}) != delivery_digest(payload)


def test_digest_is_stable_and_takes_any_text():
    assert delivery_digest({"b": 1, "a": [1.5, None, "é\ud800"]}) == (
        "44985c78889b9ca068b9a3e0983572643c34762eba7a6e45ad70ea19b524d956"
    )
