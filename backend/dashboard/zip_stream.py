"""Files as one zip file, sent while it is packed: nothing is written aside."""

import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from hemline.files import visible_files

_PIECE = 256 * 1024  # bytes


class _Pipe(io.RawIOBase):
    """What zipfile writes to: it cannot be sought in, and what came is taken out again."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def zip_folder(folder: Path, name: str) -> Iterator[bytes]:
    """The folder's files below `name/`, without those whose names begin with a dot.

    Pictures are stored as they are, texts are packed. A file that is removed meanwhile is left out.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as packed:
        for path in visible_files(folder):
            inside = path.relative_to(folder)
            info = zipfile.ZipInfo.from_file(path, f"{name}/{inside.as_posix()}")
            info.compress_type = _packing(path.name)
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue
            with file, packed.open(info, "w") as target:
                while piece := file.read(_PIECE):
                    target.write(piece)
                    if data := pipe.take():
                        yield data
            if data := pipe.take():
                yield data
    yield pipe.take()


def zip_files(files: Iterable[tuple[str, bytes]], name: str) -> Iterator[bytes]:
    """The same of files by their paths, as they come."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as packed:
        for inside, content in files:
            info = zipfile.ZipInfo(f"{name}/{inside}", time.localtime()[:6])
            info.external_attr = 0o644 << 16
            packed.writestr(info, content, _packing(inside))
            yield pipe.take()
    yield pipe.take()


def _packing(name: str) -> int:
    return zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
