"""New predictions of photos: made by several threads at once, stored several in one transaction."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from hemline.errors import HemlineError, ImageError, LabelStudioError, MaskError, PhotoUnavailable
from hemline.images import decode_small, image_size
from hemline.labelstudio.photos.photos import Photo, PhotoSource
from hemline.labelstudio.project.config import LabelConfig
from hemline.masks.codecs.png import encode_predicted_mask
from hemline.masks.codecs.probability_map import encode_probability_map
from hemline.masks.figures.embedding import pack_embedding
from hemline.masks.figures.histograms import probability_histograms
from hemline.prefill.left_blank import kept_back
from hemline.prefill.open_task import photo_url
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.tasks import (
    clear_task_problems,
    known_tasks,
    record_photo,
    set_task_problem,
)
from hemline.store.review.signals import keep_prediction
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import Prediction, Task
from hemline.telemetry.spans import span

if TYPE_CHECKING:
    from hemline.prefill.prefill import LoadedModel
    from hemline.segmentation.predictor import Examination

_MOST_PIXELS = 48_000_000  # of photos at work at once: some 600 MB while they are decoded


@dataclass(frozen=True, slots=True)
class NewPrediction:
    """What a model says of a task's photo; its artifacts are stored, and no row yet.

    Attributes:
        size: height and width of the photo.
        mask: (H, W) uint8 class ids.
        kept: what is stored of the probabilities, as `keep_prediction` takes it.
    """

    task: Task
    model_version_id: int
    image_digest: str
    size: tuple[int, int]
    mask: NDArray[np.uint8]
    mask_digest: str
    score: float
    region_scores: dict[str, float]
    kept: dict[str, Any]


class NewPredictions:
    """Makes predictions and stores them. Threads may share it: photos of 48 megapixels in all are
    in memory at once, or a single one that is larger."""

    def __init__(
        self, store: Store, artifacts: ArtifactStore, photos: PhotoSource, settings: Settings
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._photos = photos
        self._max_pixels = settings.max_pixels
        self._room = _Room(_MOST_PIXELS)

    def make(self, model: "LoadedModel", config: LabelConfig, task: Task) -> NewPrediction:
        """Fetches the photo of a task and predicts it.

        Raises:
            LabelStudioError: the photo cannot be had for a reason that is not the task's; the task
                is not marked.
            HemlineError: the task cannot be predicted; it is marked with the reason.
        """
        try:
            url = photo_url(config, {"id": task.ls_task_id, "data": task.data})
        except ImageError as error:
            self._mark(task, error, ProblemSource.TASK)
            raise
        try:
            photo = self._photos.fetch(url, task_id=task.ls_task_id)
            height, width = image_size(photo.data, name=photo.name, max_pixels=self._max_pixels)
        except LabelStudioError:
            raise
        except HemlineError as error:
            self._mark(task, error, ProblemSource.PHOTO)
            raise
        with self._room.of(height * width):
            return self._examine(model, task, photo)

    def store(self, session: Session, made: Sequence[NewPrediction]) -> list[Prediction]:
        """Stores what was made of some tasks, and clears their marks; without those that are
        deleted meanwhile. Where there is a prediction of the same photo already, it stays."""
        known = known_tasks(session, [new.task.id for new in made])
        wanted = sorted((new for new in made if new.task.id in known), key=lambda new: new.task.id)
        marks = ProblemSource.PHOTO, ProblemSource.PREFILL
        clear_task_problems(session, [new.task.id for new in wanted], *marks)
        return [_store_one(session, new) for new in wanted]

    def _examine(self, model: "LoadedModel", task: Task, photo: Photo) -> NewPrediction:
        try:
            image, size = decode_small(
                photo.data,
                name=photo.name,
                max_pixels=self._max_pixels,
                least=model.predictor.least_size,
            )
        except HemlineError as error:
            self._mark(task, error, ProblemSource.PHOTO)
            raise
        with span("network", notes={"hemline.model_version": model.name}):
            examined = model.predictor.examine(image, size=size)
        try:
            kept = self._keep(examined)
        except MaskError as error:  # probabilities that are no numbers
            self._mark(task, error, ProblemSource.PREFILL)
            raise
        predicted = examined.prediction
        own = model.predictor.labels
        return NewPrediction(
            task=task,
            model_version_id=model.version_id,
            image_digest=photo.digest,
            size=size,
            mask=predicted.mask,
            mask_digest=self._artifacts.put(encode_predicted_mask(predicted.mask), "mask"),
            score=predicted.score,
            region_scores={
                model.labels[own.index(name)]: value
                for name, value in predicted.region_scores.items()
            },
            kept=kept,
        )

    def _keep(self, examined: "Examination") -> dict[str, Any]:
        """What is stored beside the mask, so that no ranking ever runs a model.

        Raises:
            MaskError: the model gave probabilities that are none.
        """
        packed = encode_probability_map(examined.probabilities)
        histograms = probability_histograms(examined.probabilities, examined.prediction.mask)
        return {
            "map_digest": self._artifacts.put(packed, "probability map"),
            "histograms": histograms.to_bytes(),
            "embedding": pack_embedding(examined.embedding),
            "flip_dice": examined.flip_dice,
        }

    def _mark(self, task: Task, error: HemlineError, source: ProblemSource) -> None:
        with self._store.session() as session:
            set_task_problem(
                session,
                task.id,
                str(error),
                source,
                passing=isinstance(error, PhotoUnavailable),
                after_s=getattr(error, "retry_after_s", None),
            )


def _store_one(session: Session, new: NewPrediction) -> Prediction:
    height, width = new.size
    record_photo(session, new.task.id, new.image_digest, width, height)
    back = kept_back(session, new.task)
    saved = save_prediction(
        session,
        task_id=new.task.id,
        model_version_id=new.model_version_id,
        image_digest=new.image_digest,
        mask_digest=new.mask_digest,
        score=new.score,
        region_scores=new.region_scores,
        left_blank=back.left_blank,
        blank_as_dearer=back.as_dearer,
    )
    # Values follow: the worker's sweep finds that they are missing.
    keep_prediction(session, saved, **new.kept)
    return saved


@dataclass(slots=True)
class _Room:
    """So many pixels are in memory at once; photos wait for room in no order."""

    pixels: int
    taken: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        """Room for a photo; a larger one than there is room for has it all."""
        wanted = min(pixels, self.pixels)
        with self._changed:
            self._changed.wait_for(lambda: self.taken + wanted <= self.pixels)
            self.taken += wanted
        try:
            yield
        finally:
            with self._changed:
                self.taken -= wanted
                self._changed.notify_all()
