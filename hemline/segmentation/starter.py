"""The starter: the model that ships with Hemline, so that the first task is already masked."""

from hashlib import sha256
from pathlib import Path

from hemline.errors import ModelError


def starter_path() -> Path:
    """The starter's model file, its digest checked.

    Raises:
        ModelError: the file is missing or was changed.
    """
    path = Path(__file__).parent / "weights" / "starter.safetensors"
    digest_file = path.with_suffix(".sha256")
    try:
        digest = sha256(path.read_bytes()).hexdigest()
        expected = digest_file.read_text(encoding="ascii").split()[0]
    except OSError as error:
        raise ModelError(f"the starter model '{path}' cannot be read; reinstall Hemline") from error
    if digest != expected:
        raise ModelError(
            f"the starter model '{path}' is damaged (sha256 {digest[:12]}…, not "
            f"{expected[:12]}…); install Hemline again"
        )
    return path
