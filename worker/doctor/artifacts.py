"""Where artifacts are stored: can it be listed, and written?"""

from collections.abc import Iterator

from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from worker.doctor.diagnosis import Diagnosis, healthy

NAME = "artifacts"
WAY_OUT = "check HEMLINE_ARTIFACT_URL"


def check_artifacts(settings: Settings) -> Iterator[Diagnosis]:
    """Writes nothing to a folder; to a bucket, whose permissions cannot be read, a few bytes that
    it removes again. Raises ArtifactError or ArtifactsUnavailable for what is wrong."""
    store = ArtifactStore(settings.artifacts)
    there = store.check()
    if "://" in settings.artifacts:
        store.try_out()
        yield healthy(NAME, f"'{settings.artifacts}' can be read and written")
        return
    state = "can be read" if there else "will be made with the first artifact"
    yield healthy(NAME, f"'{settings.artifacts}' {state}")
