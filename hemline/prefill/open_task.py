"""What a click needs of a task: its photo, and where the model that pre-filled it saw garment."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.errors import ArtifactError, ImageError, MaskError
from hemline.images import decode_image
from hemline.labelstudio.photos.photos import PhotoSource
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.task_data import find_field
from hemline.masks.codecs.probability_map import decode_probability_map
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.tasks import get_task
from hemline.store.review.signals import newest_map

log = logging.getLogger(__name__)

Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task in memory.

    Attributes:
        photo: (H, W, 3) uint8 RGB, upright.
        probabilities: (C, h, w) in 0..1 of the newest pre-fill of this photo; None without one.
        labels: of the version that pre-filled: class id k is labels[k - 1].
    """

    photo: NDArray[np.uint8]
    probabilities: Probabilities | None = None
    labels: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        return self.photo.nbytes + (0 if self.probabilities is None else self.probabilities.nbytes)

    def probability(self, label: str) -> Probabilities | None:
        """(h, w) of one label; None where nothing is known of it."""
        if self.probabilities is None or label not in self.labels:
            return None
        plane = self.labels.index(label) + (len(self.probabilities) > 1)  # 0 is the background's
        return self.probabilities[plane] if plane < len(self.probabilities) else None


def open_task(
    store: Store,
    artifacts: ArtifactStore,
    photos: PhotoSource,
    settings: Settings,
    *,
    project_id: int,
    config: LabelConfig,
    ls_task: dict[str, Any],
) -> OpenTask:
    """Fetches and decodes the photo, and reads the newest pre-fill's probabilities. No model runs.

    Raises:
        HemlineError: the photo cannot be had.
    """
    photo = photos.fetch(photo_url(config, ls_task), task_id=ls_task["id"])
    image = decode_image(photo.data, name=photo.name, max_pixels=settings.max_pixels)
    with store.reading() as session:
        task = get_task(session, project_id, ls_task["id"])
        found = newest_map(session, task.id, photo.digest) if task is not None else None
    if found is None:
        return OpenTask(image)
    try:
        return OpenTask(
            image, decode_probability_map(artifacts.get(found.map_digest)), tuple(found.labels)
        )
    except (ArtifactError, MaskError) as error:
        log.warning("task %d is refined without its pre-fill's map: %s", ls_task["id"], error)
        return OpenTask(image)


def photo_url(config: LabelConfig, ls_task: dict[str, Any]) -> str:
    """The URL of a task's photo.

    Raises:
        ImageError: the task's data has none under the label config's key.
    """
    data = ls_task.get("data") or {}
    url = find_field(data, config.data_key) if isinstance(data, dict) else None
    if not isinstance(url, str) or not url:
        raise ImageError(
            f"task {ls_task.get('id')} has no photo: its data needs '{config.data_key}', the "
            "address of an image"
        )
    return url
