"""What a worker process works with, wired together in one place."""

from dataclasses import dataclass
from functools import lru_cache

from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.settings import Settings, get_settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.system.queue import Sender, sender


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that tasks and commands share; one set a process."""

    settings: Settings
    store: Store
    artifacts: ArtifactStore
    photos: PhotoFetcher
    client: LabelStudioClient
    sender: Sender


def build_services(settings: Settings) -> Services:
    """The services of these settings. Checks nothing: the first use does."""
    client = LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key)
    return Services(
        settings=settings,
        store=Store(settings.database),
        artifacts=ArtifactStore(settings.artifacts),
        photos=PhotoFetcher(settings, lambda: client),
        client=client,
        sender=sender(settings.broker),
    )


@lru_cache(maxsize=1)
def get_services() -> Services:
    """The services of this process: made at the first task, after the pool has forked."""
    return build_services(get_settings())


def command_services() -> Services:
    """The services of a command.

    Raises StoreError if the database cannot be reached, or its schema is another Hemline's.
    """
    services = get_services()
    services.store.check_schema()
    return services
