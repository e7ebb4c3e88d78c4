"""Request bodies: JSON read within limits of size and memory, and never for long at a time.

"Retrieve predictions" sends every selected task with all its annotations and old predictions,
tens of megabytes of JSON. The standard parser holds Python's lock while it reads, which would
freeze /health for that long; so a large body is read one task at a time.

A list of three bytes takes sixty in memory, and a text of four fifty, so what is read of a large
body is limited too: to 128 MiB of what is kept, and to 16 MiB of text that are read at a time.
Large bodies are read one after another, and only as many are received at once as fit in 512 MiB. Of
15 MiB of two-letter texts a process grew by 294 MiB until it refused them, of numbers by 200.
"""

import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, ServiceUnavailable

_LARGE = 256 * 1024  # bytes; below this the parser is done in about a millisecond
_CONTAINERS = 2_000_000  # lists and objects in a body: some 50,000 regions with all they say
_PIECE = 256 * 1024  # characters that most tasks fit in
_LARGEST_PIECE = 16 * 2**20  # characters of one task, and of what comes beside the tasks
_KEPT = 128 * 2**20  # bytes in memory of what is kept of a body
_RECEIVED = 512 * 2**20  # bytes of all large bodies that are received or read at once
_RETRY_S = 10
_large_one_by_one = threading.Lock()
_OF_TASK = ("id", "data", "project")  # what predictions of many need, beside model versions
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def read_json(request: Request, *, limit: int, large: bool = False) -> dict[str, Any]:
    """The JSON object of a request's body.

    `large` reads the list "tasks" piece by piece and drops what predictions of many do not need; a
    single task is left whole, for clicks are about its drafts.

    Raises:
        BadRequest: not JSON, or not an object.
        RequestEntityTooLarge: over `limit` bytes, over two million lists and objects, or over
            128 MiB in memory.
        ServiceUnavailable: other large bodies are being received.
    """
    length = request.content_length or 0
    if length > limit:
        raise _over_limit(request, limit)
    with _room.taken(length, request.path):
        return _read(request, limit, large)


class _Room:
    """Bytes for the large bodies that are received or read at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    @contextmanager
    def taken(self, size: int, path: str) -> Iterator[None]:
        """Small bodies are let through whatever the large ones take."""
        size = size if size > _LARGE else 0
        with self._lock:
            if size and self._taken + size > _RECEIVED:
                raise ServiceUnavailable(
                    f"other large bodies are being received, and the one of {path} does not fit "
                    f"beside them; send it again in {_RETRY_S} s",
                    retry_after=_RETRY_S,
                )
            self._taken += size
        try:
            yield
        finally:
            with self._lock:
                self._taken -= size


_room = _Room()


def _over_limit(request: Request, limit: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(
        f"the body of {request.path} is over the limit of {limit // 2**20} MiB; send fewer "
        "tasks at a time"
    )


def _read(request: Request, limit: int, large: bool) -> dict[str, Any]:
    request.max_content_length = limit
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _over_limit(request, limit) from error
    _check_containers(body, request.path)
    try:
        with _large_one_by_one if len(body) > _LARGE else nullcontext():
            text = body.decode("utf-8")
            in_pieces = large and len(body) > _LARGE
            value = _read_pieces(text) if in_pieces else _read_whole(text)
    except _TooMuch as error:
        raise RequestEntityTooLarge(
            f"what the body of {request.path} says takes over {_KEPT // 2**20} MiB of memory; send "
            "fewer tasks at a time"
        ) from error
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


class _TooMuch(Exception):
    """What is read takes more memory than is for it."""


class _Budget:
    """Memory for what is kept of a body."""

    def __init__(self) -> None:
        self._left = _KEPT

    def keep(self, value: Any) -> None:
        """Raises _TooMuch if the value does not fit beside what was kept before."""
        self._left -= _weight(value, self._left)
        if self._left < 0:
            raise _TooMuch


def _weight(value: Any, most: int) -> int:
    """Bytes in memory of what JSON was read as, or some number over `most`."""
    total = 0
    stack = [value]
    while stack and total <= most:
        item = stack.pop()
        total += sys.getsizeof(item)
        if isinstance(item, dict):
            stack += item.keys()
            stack += item.values()
        elif isinstance(item, list):
            # Python has one object for each small int, such as those of a brush's RLE.
            stack += (one for one in item if type(one) is not int or not -6 < one < 257)
    return total


def _read_whole(text: str) -> Any:
    if len(text) > _LARGEST_PIECE:
        raise ValueError(f"over {_LARGEST_PIECE // 2**20} MiB of it are outside of its tasks")
    value = json.loads(text)
    if len(text) > _LARGE:
        _Budget().keep(value)
    return value


def _read_pieces(text: str) -> Any:
    """As json.loads, for one object whose "tasks" may be long."""
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        return _read_whole(text)
    budget = _Budget()
    value: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _expect(text, _skip(text, at), ":")
        if key == "tasks" and text[at : at + 1] == "[":
            value[key], at = _read_tasks(text, at, budget)
        else:
            value[key], at = _decode(text, at)
            budget.keep([key, value[key]])
        at = _next(text, at, "}")
    if _skip(text, at + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, at + 1)
    return value


def _read_tasks(text: str, at: int, budget: _Budget) -> tuple[list[Any], int]:
    tasks: list[Any] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        task, at = _decode(text, at)
        if len(tasks) == 1:
            tasks[0] = _slim(tasks[0])
        tasks.append(_slim(task) if tasks else task)
        budget.keep(tasks[-1])
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
    kept = {key: task[key] for key in _OF_TASK if key in task}
    predictions = task.get("predictions")
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
