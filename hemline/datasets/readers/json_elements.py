"""The elements of a large JSON file, one at a time: annotation files outgrow memory."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hemline.datasets.text_file import decode_text, text_encoding
from hemline.errors import DatasetError

_CHUNK = 1 << 20
_WHITE = " \t\r\n"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Span:
    """Where an element stands in its file, in bytes."""

    start: int
    end: int
    encoding: str = "utf-8"


def scan_json(path: Path) -> Iterator[tuple[str, Span, Any]]:
    """Each element of the arrays at the top of a JSON file, with the array's key ("" if none).

    Text in the elements is read as Latin-1, which keeps a character a byte: take ids and ASCII
    from here, and `read_span` for the rest.

    Raises:
        DatasetError: the file cannot be read or is no JSON.
    """
    try:
        with path.open("rb") as file:
            yield from _elements(_Text(file))
    except OSError as error:
        raise DatasetError(f"'{path}' cannot be read: {error.strerror}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise DatasetError(
            f"'{path}' is not a complete JSON file ({error}); download it again"
        ) from error


def read_span(path: Path, span: Span) -> Any:
    """The element that stands there.

    Raises:
        DatasetError: the file has changed since it was scanned, or is gone.
    """
    try:
        with path.open("rb") as file:
            file.seek(span.start)
            return json.loads(decode_text(file.read(span.end - span.start), span.encoding))
    except (OSError, ValueError) as error:
        raise DatasetError(f"'{path}' changed while it was read ({error}); start again") from error


class _Text:
    """A file's text from a position on, as much of it as is needed at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._text = ""
        self._position = 0
        self._encoding, self._before = text_encoding(file.read(4))  # bytes before the text
        file.seek(self._before)
        # A character a unit of the encoding, so that a place in the text is one in the file.
        self._unit = {"utf-16": 2, "utf-32": 4}.get(self._encoding[:6], 1)

    def next_character(self) -> str:
        """The next character that is not white, left where it is; "" at the end of the file."""
        while True:
            while self._position < len(self._text):
                if self._text[self._position] not in _WHITE:
                    return self._text[self._position]
                self._position += 1
            if not self._read_on():
                return ""

    def take(self, character: str) -> None:
        if self.next_character() != character:
            raise json.JSONDecodeError(
                f"'{character}' expected at byte {self._at(self._position)}", "", 0
            )
        self._position += 1

    def value(self) -> tuple[Span, Any]:
        self.next_character()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._position)
            except json.JSONDecodeError:
                if not self._read_on():
                    raise
                continue
            if self._text[end : end + 1] in ("", ".", "e", "E") and self._read_on():
                continue  # a number may go on beyond what was read
            span = Span(self._at(self._position), self._at(end), self._encoding)
            self._position = end
            return span, value

    def _read_on(self) -> bool:
        left = self._text[self._position :]
        # Doubling, so that a long value is no n^2.
        more = self._file.read(max(_CHUNK, self._unit * len(left)))
        self._before = self._at(self._position)
        self._position = 0
        self._text = left + self._characters(more)
        return bool(more)

    def _at(self, position: int) -> int:
        return self._before + position * self._unit

    def _characters(self, data: bytes) -> str:
        if self._unit == 1:
            return data.decode("latin-1")
        order = ">" if self._encoding.endswith("be") else "<"
        units = np.frombuffer(data[: len(data) // self._unit * self._unit], f"{order}u{self._unit}")
        return units.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _elements(text: _Text) -> Iterator[tuple[str, Span, Any]]:
    if text.next_character() == "[":
        yield from _array(text, "")
        return
    text.take("{")
    while text.next_character() != "}":
        key = str(text.value()[1])
        text.take(":")
        if text.next_character() == "[":
            yield from _array(text, key)
        else:
            text.value()
        if text.next_character() != "}":
            text.take(",")
    text.take("}")


def _array(text: _Text, key: str) -> Iterator[tuple[str, Span, Any]]:
    text.take("[")
    while text.next_character() != "]":
        span, value = text.value()
        yield key, span, value
        if text.next_character() != "]":
            text.take(",")
    text.take("]")
