"""The home folder: there, and writable."""

import tempfile
from collections.abc import Iterator

from hemline.settings import Settings
from worker.doctor.diagnosis import Diagnosis, fault, healthy

NAME = "home"
WAY_OUT = "set HEMLINE_HOME to a folder that can be written"


def check_home(settings: Settings) -> Iterator[Diagnosis]:
    """Writes a temporary file there, and removes it."""
    home = settings.home_path
    if not home.exists():
        yield fault(
            NAME, f"there is no folder '{home}' yet", "run `hemline migrate`, or set HEMLINE_HOME"
        )
        return
    try:
        with tempfile.NamedTemporaryFile(dir=home, prefix=".doctor-") as file:
            file.write(b"doctor")
            file.flush()
    except OSError as error:
        yield fault(NAME, f"'{home}' cannot be written ({error.strerror})", WAY_OUT)
        return
    yield healthy(NAME, f"'{home}' can be written")
