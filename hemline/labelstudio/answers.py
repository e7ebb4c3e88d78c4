"""What Label Studio's answers must be to be worked with; anything else is not Label Studio's."""

from typing import Any

from hemline.errors import LabelStudioUnavailable
from hemline.labelstudio.messages import is_id

Json = dict[str, Any]


def object_of(answer: Any, call: str) -> Json:
    """The answer, a JSON object. All here raise LabelStudioUnavailable if it is something else;
    `call` says what was asked for."""
    if not isinstance(answer, dict):
        raise odd_answer(call, f"a {type(answer).__name__} instead of an object")
    return answer


def objects(answer: Any, call: str) -> list[Json]:
    """The answer, a list of JSON objects."""
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise odd_answer(call, "something other than a list of objects")
    return answer


def rows(answer: Any, call: str) -> list[Json]:
    """The objects of the answer, a list, that have an id; what else is among them is left out."""
    if not isinstance(answer, list):
        raise odd_answer(call, "something other than a list")
    found = [row for row in answer if isinstance(row, dict) and is_id(row.get("id"))]
    if answer and not found:
        raise odd_answer(call, "rows without an id")
    return found


def value_of(answer: Any, key: str, kind: type, call: str) -> Any:
    """One field of the answer, which is what its caller takes it for."""
    value = object_of(answer, call).get(key)
    if not isinstance(value, kind):
        raise odd_answer(call, f"an object without a usable {key!r}")
    return value


def odd_answer(call: str, what: str) -> LabelStudioUnavailable:
    """Something else answers in Label Studio's place: a proxy, say, while it is away."""
    return LabelStudioUnavailable(
        f"{call} was answered with {what}, which Label Studio does not send; is something else at "
        "LABEL_STUDIO_URL?"
    )
