"""Where artifacts are stored: can it be listed, and written?"""

from collections.abc import Iterator

from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from worker.doctor.diagnosis import Diagnosis, healthy

NAME = "artifacts"
WAY_OUT = "check HEMLINE_ARTIFACT_URL"


def check_artifacts(settings: Settings) -> Iterator[Diagnosis]:
    """Writes nothing. Raises ArtifactError for what is wrong."""
    there = ArtifactStore(settings.artifacts).check()
    state = "can be read" if there else "will be made with the first artifact"
    yield healthy(NAME, f"'{settings.artifacts}' {state}")
