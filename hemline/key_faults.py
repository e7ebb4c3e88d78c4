"""What is wrong with the values of a recipe or a rule pack, as one sentence for its writer."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_UNKNOWN = "extra_forbidden"
_MISSING = "missing"


def key_fault(error: ValidationError, model: type[BaseModel], source: str) -> str:
    """The sentence on the first fault that pydantic found in values for `model`.

    An unknown key is answered with those there are at its place. `source` says whose keys they are,
    as "recipe 'mine.toml'".
    """
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == _UNKNOWN:
        known = ", ".join(sorted(_keys_at(model, first["loc"][:-1])))
        return f"{source} has the unknown key '{key}'; known here: {known}"
    if first["type"] == _MISSING:
        return f"{source} lacks the key '{key}'; add it"
    said = str(first["msg"]).removeprefix("Value error, ")
    return f"{source}, key '{key}', is {_short(first['input'])}: {_lower(said)}"


def _keys_at(model: type[BaseModel], path: Sequence[int | str]) -> set[str]:
    """The keys of the part that `path` leads to."""
    for step in path:
        if isinstance(step, str):
            model = _part_of(model.model_fields[step].annotation)
    return set(model.model_fields)


def _part_of(annotation: Any) -> type[BaseModel]:
    """The part in an annotation such as Network, SecondPass | None or tuple[Loss, ...]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_part_of(inner) for inner in get_args(annotation) if _has_part(inner))


def _has_part(annotation: Any) -> bool:
    if isinstance(annotation, type) and not get_args(annotation):
        return issubclass(annotation, BaseModel)
    return any(_has_part(inner) for inner in get_args(annotation))


def _short(value: object, most: int = 60) -> str:
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return text if len(text) <= most else f"{text[:most]}…"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
