"""JSON bodies: hostile ones are one sentence, large ones are read piece by piece."""

import json
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, ServiceUnavailable

from backend.protocol import bodies
from backend.protocol.bodies import read_json

APP = Flask(__name__)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def read(body, *, limit=10**9, large=False):
    with APP.test_request_context("/predict", method="POST", data=body):
        return read_json(request, limit=limit, large=large)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"\xff\xfe{}",
        b"[]",
        b'"text"',
        b"null",
        b"1" * 6000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": 1} trailing',
    ],
)
@pytest.mark.parametrize("pieces", [False, True])
def test_hostile_bodies_are_a_bad_request_in_one_sentence(body, pieces, monkeypatch):
    if pieces:
        monkeypatch.setattr(bodies, "_LARGE", -1)
    with pytest.raises(BadRequest) as error:
        read(body, large=pieces)
    assert "/predict" in error.value.description
    assert "JSON" in error.value.description


def test_over_the_limit():
    with pytest.raises(RequestEntityTooLarge) as error:
        read(json.dumps({"a": "x" * 2**21}).encode(), limit=2**20)
    assert "/predict is over the limit of 1 MiB; send fewer" in error.value.description


@given(st.dictionaries(st.text(), VALUES), st.lists(VALUES), st.sampled_from([None, 1, "\t"]))
def test_pieces_read_the_same_as_the_standard_parser(value, tasks, indent):
    tasks = [task for task in tasks if not isinstance(task, dict)]
    text = json.dumps(value | {"tasks": tasks}, indent=indent)
    assert bodies._read_pieces(text) == json.loads(text)


@given(st.text(alphabet='{}[]",: \n01atsks"tasks"', max_size=40))
def test_pieces_accept_what_the_standard_parser_accepts(text):
    try:
        wanted = json.loads(text)
    except json.JSONDecodeError:
        with pytest.raises(json.JSONDecodeError):
            bodies._read_pieces(text)
    else:
        assert bodies._read_pieces(text) == wanted


def test_large_bodies_lose_what_predictions_do_not_need(monkeypatch):
    monkeypatch.setattr(bodies, "_LARGE", 10)
    task = {
        "id": 1,
        "data": {"image": "/x.jpg"},
        "annotations": [{"result": [1]}],
        "drafts": [],
        "predictions": [{"model_version": "v1", "result": [{"rle": [1, 2]}]}, "odd"],
    }
    body = json.dumps({"tasks": [task, 3], "project": "1.2", "tail": [1]}).encode()
    assert read(body, large=True) == {
        "tasks": [
            {"id": 1, "data": {"image": "/x.jpg"}, "predictions": [{"model_version": "v1"}]},
            3,
        ],
        "project": "1.2",
        "tail": [1],
    }


def test_tasks_may_be_no_list(monkeypatch):
    monkeypatch.setattr(bodies, "_LARGE", 1)
    assert read(b'{"tasks": {"id": 1}}', large=True) == {"tasks": {"id": 1}}


@pytest.mark.parametrize("piece", [b"[]", b"{}", b"[[[]]]"])
@pytest.mark.parametrize("before", [b'{"tasks": [', b'{"other": ['])
def test_more_lists_and_objects_than_memory_is_for_are_refused(piece, before):
    body = before + b",".join([piece] * 2_000_000) + b"]}"
    with pytest.raises(RequestEntityTooLarge) as error:
        read(body, large=True)
    assert "lists and objects, over the limit of 2,000,000; send fewer" in error.value.description


def test_a_task_may_be_longer_than_a_piece_but_not_without_end(monkeypatch):
    monkeypatch.setattr(bodies, "_LARGE", 0)
    monkeypatch.setattr(bodies, "_PIECE", 50)
    monkeypatch.setattr(bodies, "_LARGEST_PIECE", 500)
    tasks = [{"id": n, "data": {"image": "x" * n}} for n in range(0, 400, 13)]
    body = {"tasks": tasks, "project": 123456789}
    assert read(json.dumps(body).encode(), large=True) == body
    with pytest.raises(BadRequest, match="a part of over"):
        read(json.dumps({"tasks": [tasks[0], {"id": 1, "data": "x" * 600}, *tasks]}), large=True)


def test_large_bodies_are_read_one_after_another(monkeypatch):
    monkeypatch.setattr(bodies, "_LARGE", 10)
    at_once, most = [], []
    read_pieces = bodies._read_pieces

    def watched(text):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.02)
        at_once.pop()
        return read_pieces(text)

    monkeypatch.setattr(bodies, "_read_pieces", watched)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: read(b'{"tasks": [1, 2, 3]}', large=True), range(4)))
    assert most == [1] * 4


VALUES_OF = {
    "short texts": '"%s"',
    "floats": "%d.5",
    "ints": "%d",
    "keys": '"%s":1',
}


def many(kind, size):
    """A list or an object of so many bytes of JSON."""
    one = VALUES_OF[kind]
    values: list[str] = []
    length = 0
    while length < size:
        at = len(values)
        values.append(one % (f"{at:x}" if "%s" in one else 1000 + at))
        length += len(values[-1]) + 1
    text = ",".join(values)
    return "{" + text + "}" if kind == "keys" else "[" + text + "]"


@pytest.mark.parametrize("kind", VALUES_OF)
@pytest.mark.parametrize("place", ["data", "beside", "annotations", "whole"])
def test_what_is_read_of_a_body_takes_no_more_memory_than_stated(kind, place, monkeypatch):
    monkeypatch.setattr(bodies, "_KEPT", 2**20)
    monkeypatch.setattr(bodies, "_LARGEST_PIECE", 2**20)
    part = many(kind, 300_000)
    if place == "beside":
        text = "{" + ",".join(f'"{k}":{part}' for k in range(8)) + "}"
    elif place == "whole":
        text = '{"a":' + many(kind, 900_000) + "}"
    else:
        tasks = ",".join(f'{{"id":{k},"{place}":{part if k else []}}}' for k in range(8))
        text = '{"tasks":[' + tasks + "]}"
    body = text.encode()
    del text
    tracemalloc.start()
    try:
        if place == "annotations":
            assert [task["id"] for task in read(body, large=True)["tasks"]] == [*range(8)]
        else:
            with pytest.raises(RequestEntityTooLarge, match="of memory; send fewer"):
                read(body, large=place != "whole")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A copy of the body, its text and a piece of it, what is kept, and what a piece is read as.
    assert peak < 3 * len(body) + 2**20 + 18 * 900_000


def test_an_annotation_drawn_with_a_large_brush_fits():
    task = {"id": 1, "data": {}, "drafts": [{"rle": [1, 22, 133, 255] * 800_000}]}
    body = json.dumps({"tasks": [task]}).encode()
    assert len(read(body, large=True)["tasks"][0]["drafts"][0]["rle"]) == 3_200_000


def test_large_bodies_are_received_only_as_far_as_there_is_room(monkeypatch):
    monkeypatch.setattr(bodies, "_LARGE", 10)
    monkeypatch.setattr(bodies, "_RECEIVED", 50)
    with bodies._room.taken(40, "/predict"):
        with pytest.raises(ServiceUnavailable) as error:
            read(b'{"tasks": [1, 2, 3]}', large=True)
        assert error.value.retry_after == 10
        assert "/predict does not fit beside them; send it again" in error.value.description
        assert read(b'{"a": 1}') == {"a": 1}
    assert read(b'{"tasks": [1, 2, 3]}', large=True) == {"tasks": [1, 2, 3]}
