"""The model versions of this installation's store, for commands that take a model's name."""

from pathlib import Path

from hemline.settings import get_settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import open_store
from hemline.store.models.models import list_versions


class StoredModels:
    """Versions by name. Raises StoreError if the store cannot be read or was never made."""

    def __init__(self) -> None:
        store = open_store(get_settings().database)
        try:
            with store.reading() as session:
                versions = list_versions(session)
                self._digests = {
                    version.name: version.weights_digest
                    for version in versions
                    if version.weights_removed_at is None
                }
        finally:
            store.dispose()

    def names(self) -> list[str]:
        """The names of all versions that have weights, project by project."""
        return list(self._digests)

    def path_of(self, name: str) -> Path | None:
        """The version's model file; None if there is none of that name. Raises ArtifactError if
        it is lost."""
        digest = self._digests.get(name)
        return ArtifactStore(get_settings().artifacts).local_path(digest) if digest else None
