"""Reads what leaves: a task's mask, its photo and the name of its files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemline.errors import MaskError
from hemline.export.formats.format import Exported
from hemline.export.names import unique_names
from hemline.images import decode_image
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.labelstudio.project.config import LabelConfig
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.layers import Layers, decode_covered
from hemline.masks.parts import RegionsPer
from hemline.masks.renumber import renumber
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.reports.export_masks import ExportItem, photo_addresses
from hemline.store.tables.loop import Project


@dataclass(frozen=True, slots=True)
class Sources:
    """Where masks and photos come from."""

    store: Store
    artifacts: ArtifactStore
    photos: PhotoFetcher
    max_pixels: int


class ExportReader:
    """The tasks of one project. Safe to share between threads."""

    def __init__(self, sources: Sources, project: Project, config: LabelConfig) -> None:
        self._sources = sources
        self._config = config
        self.per = RegionsPer(project.regions_per)
        with sources.store.reading() as session:
            self._names = unique_names(photo_addresses(session, project.id))

    def name(self, item: ExportItem) -> str:
        """What the task's files are called, without a suffix; unique in the project."""
        return self._names.get(item.task_id, f"task-{item.task_id}")

    def read(self, item: ExportItem, *, with_photo: bool) -> Exported:
        """The item with its mask in the ids of the label config of today.

        Raises:
            HemlineError: the mask cannot be read, the photo cannot be had, or they do not fit.
            LabelStudioError: Label Studio is away or refuses our token.
        """
        mask = decode_class_mask(self._sources.artifacts.get(item.mask_digest))
        labels = self._config.labels
        mask = renumber(mask, labels if item.labels is None else item.labels, labels)
        layers = Layers(mask)
        if item.covered_digest is not None:
            layers = decode_covered(self._sources.artifacts.get(item.covered_digest), mask)
        photo = self._photo(item, mask) if with_photo else None
        return Exported(item, self.name(item), layers, photo, self._config, self.per)

    def _photo(self, item: ExportItem, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        photo = self._sources.photos.fetch(item.image_url, task_id=item.ls_task_id)
        pixels = decode_image(photo.data, name=photo.name, max_pixels=self._sources.max_pixels)
        if item.image_digest is not None and photo.digest != item.image_digest:
            raise MaskError(
                f"photo '{photo.name}' of task {item.ls_task_id} is not the one the mask was made "
                "for; correct the mask again"
            )
        if pixels.shape[:2] != mask.shape:
            raise MaskError(
                f"the mask of task {item.ls_task_id} is {mask.shape[1]} x {mask.shape[0]} px, its "
                f"photo {pixels.shape[1]} x {pixels.shape[0]} px; correct the mask again"
            )
        return pixels
