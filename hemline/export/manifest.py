"""The manifest of an export: for each file which mask it is, and the journal to go on from."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hemline.files import open_atomically

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A written file: its path below the export's folder, size and sha256 in hexadecimal."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one task, one line of the manifest.

    Attributes:
        task: Label Studio's id.
        name: what its files are called.
        key: digest of all that its files follow from; the same key needs no new files.
        annotation: Label Studio's id of the correction; None: the mask is a prediction.
        model_version: of the prediction, or of the pre-fill that was corrected.
        mask_digest, image_digest: sha256 of the stored mask and of the photo.
        files: what was written.
        problem: why nothing was written, in one sentence.
    """

    task: int
    name: str
    key: str
    source: str
    annotation: int | None
    model_version: str | None
    mask_digest: str
    image_digest: str | None
    files: tuple[FileRecord, ...] = ()
    problem: str | None = None

    def is_whole(self, folder: Path) -> bool:
        """Whether its files are there, at their sizes."""
        try:
            sizes = [(folder / file.path).stat().st_size for file in self.files]
        except OSError:
            return False
        return self.problem is None and sizes == [file.bytes for file in self.files]


class Journal:
    """The manifest while it is written: a line is appended when a task's files are in place.

    What a killed export has written is read again; a line cut off in its middle is passed over.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / MANIFEST
        self.known = {record.task: record for record in read_manifest(self._path)}

    def __enter__(self) -> Self:
        self._file = self._path.open("ab")
        self._file.write(b"\n")  # ends a line that was cut off
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, record: Record) -> None:
        self._file.write(_line(record))
        self._file.flush()

    def settle(self, records: Iterable[Record]) -> None:
        """Rewrites the manifest with these records alone, in their order."""
        with open_atomically(self._path) as file:
            for record in records:
                file.write(_line(record))


def read_manifest(path: Path) -> list[Record]:
    """The records of a manifest, empty if there is none; broken lines are passed over."""
    if not path.exists():
        return []
    with path.open("rb") as lines:
        found = (_parse(line) for line in lines)
        return [record for record in found if record is not None]


def _line(record: Record) -> bytes:
    return json.dumps(asdict(record), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _parse(line: bytes) -> Record | None:
    try:
        told: dict[str, Any] = json.loads(line)
        files = tuple(FileRecord(**file) for file in told.pop("files"))
        return Record(**told, files=files)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
