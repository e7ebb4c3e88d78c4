"""Weights that ship with Hemline: each a file with a note of its digest beside it."""

from hashlib import sha256
from pathlib import Path

from hemline.errors import ModelError

_FOLDER = Path(__file__).parent / "weights"


class ShippedWeights:
    """`weights/<name>.safetensors`; `what` it is, as messages call it."""

    def __init__(self, name: str, what: str) -> None:
        self._path = _FOLDER / f"{name}.safetensors"
        self._what = what

    def digest(self) -> str:
        """The file's sha256 in hex, as it was shipped; the file is not read.

        Raises:
            ModelError: the note of it is missing.
        """
        try:
            return self._path.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
        except OSError as error:
            raise self._unreadable() from error

    def path(self) -> Path:
        """The file, its digest checked.

        Raises:
            ModelError: it is missing or was changed.
        """
        expected = self.digest()
        try:
            digest = sha256(self._path.read_bytes()).hexdigest()
        except OSError as error:
            raise self._unreadable() from error
        if digest != expected:
            raise ModelError(
                f"{self._what} '{self._path}' is damaged (sha256 {digest[:12]}…, not "
                f"{expected[:12]}…); install Hemline again"
            )
        return self._path

    def _unreadable(self) -> ModelError:
        return ModelError(f"{self._what} '{self._path}' cannot be read; reinstall Hemline")
