"""Request bodies: JSON read within limits of size and memory, and never for long at a time.

"Retrieve predictions" sends every selected task with all its annotations and old predictions,
tens of megabytes of JSON. The standard parser holds Python's lock while it reads, which would
freeze /health for that long; so a large body is read one task at a time.

A list or an object of three bytes takes sixty in memory, so their number is limited too, and large
bodies are read one after another. A body takes at most about five times its size.
"""

import json
import re
import threading
from contextlib import nullcontext
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

_LARGE = 256 * 1024  # bytes; below this the parser is done in about a millisecond
_CONTAINERS = 2_000_000  # lists and objects in a body: some 50,000 regions with all they say
_PIECE = 256 * 1024  # characters that most tasks fit in
_LARGEST_PIECE = 16 * 2**20  # characters of one task, and of what comes beside the tasks
_large_one_by_one = threading.Lock()
_BULKY = ("annotations", "drafts")  # of a task, and of no use to a prediction of it
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def read_json(request: Request, *, limit: int, large: bool = False) -> dict[str, Any]:
    """The JSON object of a request's body.

    `large` reads the list "tasks" piece by piece and drops what predictions of many do not need; a
    single task is left whole, for clicks are about its drafts.

    Raises:
        BadRequest: not JSON, or not an object.
        RequestEntityTooLarge: over `limit` bytes, or over two million lists and objects.
    """
    request.max_content_length = limit
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise RequestEntityTooLarge(
            f"the body of {request.path} is over the limit of {limit // 2**20} MiB; send fewer "
            "tasks at a time"
        ) from error
    _check_containers(body, request.path)
    try:
        with _large_one_by_one if len(body) > _LARGE else nullcontext():
            text = body.decode("utf-8")
            value = _read_pieces(text) if large and len(body) > _LARGE else json.loads(text)
    except (ValueError, RecursionError) as error:
        # ValueError covers broken UTF-8, broken JSON and absurdly long numbers.
        raise BadRequest(
            f"the body of {request.path} is not valid JSON ({_short(error)}); send a JSON object"
        ) from error
    if not isinstance(value, dict):
        raise BadRequest(
            f"the body of {request.path} is a JSON {type(value).__name__}; send a JSON object"
        )
    return value


def _check_containers(body: bytes, path: str) -> None:
    """Raises RequestEntityTooLarge if the body would take far more memory than its size."""
    containers = body.count(b"[") + body.count(b"{")
    if containers > _CONTAINERS:
        raise RequestEntityTooLarge(
            f"the body of {path} has {containers:,} lists and objects, over the limit of "
            f"{_CONTAINERS:,}; send fewer tasks at a time"
        )


def _short(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:120]


def _read_pieces(text: str) -> Any:
    """As json.loads, for one object whose "tasks" may be long."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        return json.loads(text)
    value: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _expect(text, _skip(text, at), ":")
        if key == "tasks" and text[at : at + 1] == "[":
            value[key], at = _read_tasks(text, at)
        else:
            value[key], at = _decode(text, at)
        at = _next(text, at, "}")
    if _skip(text, at + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, at + 1)
    return value


def _read_tasks(text: str, at: int) -> tuple[list[Any], int]:
    tasks: list[Any] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        task, at = _decode(text, at)
        if len(tasks) == 1:
            tasks[0] = _slim(tasks[0])
        tasks.append(_slim(task) if tasks else task)
        at = _next(text, at, "]")
    return tasks, at + 1


def _decode(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends; of a bounded length."""
    for length in (_PIECE, _LARGEST_PIECE):
        piece = text[at : at + length]
        is_whole = at + length >= len(text)
        try:
            value, end = _DECODER.raw_decode(piece)
        except json.JSONDecodeError as error:
            if is_whole:
                raise json.JSONDecodeError(error.msg, text, at + error.pos) from None
            continue
        if is_whole or end < len(piece):  # else a number that goes on behind the piece
            return value, at + end
    raise ValueError(
        f"a part of over {_LARGEST_PIECE // 2**20} MiB begins at character {at}, or is broken"
    )


def _slim(task: Any) -> Any:
    if not isinstance(task, dict):
        return task
    kept = {key: value for key, value in task.items() if key not in _BULKY}
    predictions = kept.get("predictions")
    if isinstance(predictions, list):
        kept["predictions"] = [
            {"model_version": prediction.get("model_version")}
            for prediction in predictions
            if isinstance(prediction, dict)
        ]
    return kept


def _next(text: str, at: int, end: str) -> int:
    """The start of the next item, or of `end`."""
    at = _skip(text, at)
    if text[at : at + 1] == end:
        return at
    at = _expect(text, at, ",")
    if text[at : at + 1] == end:
        raise json.JSONDecodeError("Illegal trailing comma", text, at)
    return at


def _expect(text: str, at: int, character: str) -> int:
    if text[at : at + 1] != character:
        raise json.JSONDecodeError(f"Expecting '{character}'", text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
