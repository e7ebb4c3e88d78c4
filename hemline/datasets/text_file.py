"""Text files as people have them: UTF-8, UTF-16 as Excel saves it, or Western European."""

import codecs
import csv
from pathlib import Path

from hemline.errors import DatasetError

# A byte-order mark and what it announces; UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WESTERN = "cp1252"


def read_text(path: Path) -> str:
    """The whole text of a small file.

    Raises:
        DatasetError: it cannot be read, or is in another encoding.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"'{path}' cannot be read: {error.strerror}") from error
    encoding, mark = text_encoding(data)
    try:
        return decode_text(data[mark:], encoding)
    except UnicodeDecodeError as error:
        raise DatasetError(f"'{path}' cannot be read ({error}); save it as UTF-8 text") from error


def filled_lines(path: Path) -> tuple[str, ...]:
    """The lines of a small file that are not blank, without the blanks around them.

    Raises:
        DatasetError: as `read_text`.
    """
    return tuple(line.strip() for line in read_text(path).splitlines() if line.strip())


def text_encoding(start: bytes) -> tuple[str, int]:
    """The encoding that a file's first bytes tell, and how many of them are its mark.

    >>> text_encoding("[".encode("utf-16-le"))
    ('utf-16-le', 0)
    """
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, len(mark)
    if len(start) > 1 and 0 in start[:2] and any(start[:2]):  # ASCII in two bytes each
        return ("utf-16-be" if start[0] == 0 else "utf-16-le"), 0
    return "utf-8", 0


def decode_text(data: bytes, encoding: str) -> str:
    """The text; what should be UTF-8 and is not is Windows' Western European, as Excel saves it.

    Raises:
        UnicodeDecodeError: it is neither.
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise
        return data.decode(_WESTERN)


def delimiter_of(header: str) -> str:
    """What parts the columns of a table: a comma, or a semicolon or tab as Excel writes them.

    >>> delimiter_of("id;type")
    ';'
    """
    found = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in ",;\t"}
    return max(found, key=lambda mark: found[mark])


def whole_number(value: object) -> int | None:
    """A whole number, also as pandas writes it where a column has gaps, "12.0"; None if it is none.

    >>> whole_number("12.0"), whole_number(12.0), whole_number("a")
    (12, 12, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, int):
        return value
    try:
        number = float(value)
        return int(number) if number == int(number) else None
    except (ValueError, OverflowError):  # no number, or infinity
        return None
