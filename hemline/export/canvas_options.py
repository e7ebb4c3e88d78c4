"""The frame of cut-outs from the words of the command line."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hemline.channels.canvas import Canvas
from hemline.errors import ExportError
from hemline.key_faults import key_fault

_ASPECT = re.compile(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")
_COLOUR = re.compile(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


def read_canvas(given: Mapping[str, Any]) -> Canvas | None:
    """The frame that was asked for; None if nothing was given.

    Args:
        given: values of Canvas by name, None where nothing was given; `aspect` as "4:5",
            `background` as "#ffffff".

    Raises:
        ExportError: a value cannot be.
    """
    values = {key: value for key, value in given.items() if value is not None}
    if not values:
        return None
    if (text := values.get("aspect")) is not None:
        values["aspect"] = tuple(float(part) for part in _parts(_ASPECT, "--aspect", text, "4:5"))
    if (text := values.get("background")) is not None:
        parts = _parts(_COLOUR, "--background", text, "#ffffff")
        values["background"] = tuple(int(part, 16) for part in parts)
    try:
        return Canvas.model_validate(values)
    except ValidationError as error:
        raise ExportError(key_fault(error, Canvas, "the frame of the cut-outs")) from error


def _parts(pattern: re.Pattern[str], option: str, text: str, example: str) -> tuple[str, ...]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ExportError(f"{option} '{text[:60]}' cannot be read; give it as {example}")
    return found.groups()
