"""The starter: the model that ships with Hemline, so that the first task is already masked."""

from hashlib import sha256
from pathlib import Path

from hemline.errors import ModelError

_PATH = Path(__file__).parent / "weights" / "starter.safetensors"


def starter_digest() -> str:
    """The starter's sha256 in hex, as it was shipped; its file is not read.

    Raises:
        ModelError: the note of it is missing.
    """
    try:
        return _PATH.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
    except OSError as error:
        raise _unreadable() from error


def starter_path() -> Path:
    """The starter's model file, its digest checked.

    Raises:
        ModelError: the file is missing or was changed.
    """
    path, expected = _PATH, starter_digest()
    try:
        digest = sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise _unreadable() from error
    if digest != expected:
        raise ModelError(
            f"the starter model '{path}' is damaged (sha256 {digest[:12]}…, not "
            f"{expected[:12]}…); install Hemline again"
        )
    return path


def _unreadable() -> ModelError:
    return ModelError(f"the starter model '{_PATH}' cannot be read; reinstall Hemline")
