"""Pre-filling: the one way a task gets its prediction, when it is opened and in the pool alike."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hemline.errors import ArtifactError, MaskError, StoreError
from hemline.labelstudio.messages import parse_id
from hemline.labelstudio.photos.photos import PhotoSource
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import mask_to_regions
from hemline.labelstudio.task_data import find_field
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.renumber import renumber
from hemline.prefill.conversions import Conversions
from hemline.prefill.new_predictions import NewPredictions
from hemline.prefill.open_task import OpenTask, open_task
from hemline.prefill.starters import Starters
from hemline.segmentation.clicks.shipped_clicks import clicks_digest
from hemline.segmentation.runtime.patient_runtime import PatientRuntime
from hemline.segmentation.starter import starter_digest
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.garments import garment_of, garment_rule, keep_garments
from hemline.store.loop.predictions import distrust, find_prediction
from hemline.store.loop.tasks import get_task, upsert_task
from hemline.store.models.regions_per import read_regions_per
from hemline.store.tables.loop import ModelVersion, Prediction, Task

if TYPE_CHECKING:
    from hemline.segmentation.clicks.refiner import ClickRefiner
    from hemline.segmentation.predictor import Predictor


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model version with its network in memory."""

    version_id: int
    name: str
    labels: tuple[str, ...]  # class id k is labels[k - 1], in the project's words
    predictor: "Predictor"


@dataclass(frozen=True, slots=True)
class PrefilledTask:
    """A task's prediction as Label Studio takes it. `fresh` tells whether the model ran for it;
    one that is `left_blank` is not shown."""

    prediction_id: int
    result: list[dict[str, Any]]
    score: float
    model_version: str
    fresh: bool
    left_blank: bool = False


class Prefiller:
    """Predicts tasks with a model version and stores what it predicted."""

    def __init__(
        self, store: Store, artifacts: ArtifactStore, photos: PhotoSource, settings: Settings
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._photos = photos
        self._settings = settings
        self.new = NewPredictions(store, artifacts, photos, settings)
        self._conversions = Conversions(store, artifacts, settings)
        self._starters = Starters(store, artifacts)

    def ensure_starter(self, project_id: int, config: LabelConfig) -> None:
        """Gives a project its first champion, a starter of what its labels mean; and another one
        where that was changed and nothing was trained yet (`Starters.ensure`).

        Raises:
            ModelError: what ships is missing or was changed.
        """
        self._starters.ensure(project_id, config.labels)

    def known(self, config: LabelConfig, task: Task) -> Task:
        """A task of the store as Label Studio told of it last, with what the garment rule and the
        label config make of that now."""
        if is_as_told(config, task, task.data):
            return task
        with self._store.session() as session:
            told = {"id": task.ls_task_id, "data": task.data}
            task = register_task(session, task.project_id, config, told)
        keep_garments(self._store, task.project_id, task.id)
        return task

    def prepare(self, version: ModelVersion) -> None:
        """Brings a version's network into the form that its runtime loads. Takes seconds the first
        time, so it is called before a version answers, never by a request.

        Raises:
            ArtifactError: its weights are gone or damaged.
            ModelError: HEMLINE_RUNTIME asks for a runtime that cannot run, or not this network.
        """
        self._conversions.prepare(version.weights_digest)

    def may_improve(self, version: ModelVersion) -> bool:
        """Whether `improve` has not been tried and may bring something."""
        conversions = self._conversions
        return conversions.may_improve(version.weights_digest) or conversions.may_improve_clicks()

    def may_improve_shipped(self) -> bool:
        """Whether that is so for one of the networks that ship, as far as they are used here."""
        conversions = self._conversions
        return conversions.may_improve(starter_digest()) or conversions.may_improve_clicks()

    def improve(self, version: ModelVersion) -> None:
        """Brings the click network, and a version's, into a quicker form where that can be done
        without its project's photos. It may take minutes: for workers, when nothing waits."""
        self._conversions.improve(version.weights_digest)
        self._conversions.improve_clicks()

    def form(self, version: ModelVersion) -> str:
        """What `load` makes of a version now; it changes when a quicker form is there."""
        return self._conversions.form(version.weights_digest)

    def load(
        self, version: ModelVersion, *, before_photos: Callable[[], object] | None = None
    ) -> LoadedModel:
        """Loads a version's network. `before_photos` is called each time before it runs.

        Raises:
            ArtifactError: its weights are gone or damaged.
            ModelError: they are another network's, or HEMLINE_RUNTIME asks for a runtime that
                cannot run them.
        """
        from hemline.segmentation.predictor import Predictor

        path = self._artifacts.local_path(version.weights_digest)
        runtime = self._conversions.open(version.weights_digest)
        if before_photos is not None:
            runtime = PatientRuntime(runtime, before_photos)
        predictor = Predictor(path, runtime=runtime)
        return LoadedModel(version.id, version.name, tuple(version.labels), predictor)

    def predict_task(
        self,
        model: LoadedModel,
        project_id: int,
        config: LabelConfig,
        ls_task: dict[str, Any],
    ) -> PrefilledTask:
        """The prediction of one task: the stored one where its photo is the same, else a new one.

        Raises:
            LabelStudioError: the photo cannot be had for a reason that is not the task's (Label
                Studio is away, or refuses the token); the task is not marked.
            HemlineError: the task cannot be predicted; it is marked with the reason.
        """
        task, stored = self._register(project_id, config, ls_task, model.version_id)
        mask = self._stored_mask(stored) if stored is not None else None
        if stored is not None and mask is not None:
            return self._answer(stored, mask, model, config, task, fresh=False)
        made = self.new.make(model, config, task)
        with self._store.session() as session:
            saved = self.new.store(session, [made])
        if not saved:
            raise StoreError(f"task {task.ls_task_id} was deleted while it was predicted")
        return self._answer(saved[0], made.mask, model, config, task, fresh=True)

    def open_task(self, project_id: int, config: LabelConfig, ls_task: dict[str, Any]) -> OpenTask:
        """What a click needs of a task. Raises HemlineError if its photo cannot be had."""
        return open_task(
            self._store,
            self._artifacts,
            self._photos,
            self._settings,
            project_id=project_id,
            config=config,
            ls_task=ls_task,
        )

    def open_refiner(self) -> "ClickRefiner":
        """The network that follows clicks. Takes seconds; raises HemlineError if it cannot run."""
        from hemline.prefill.click_refiner import open_click_refiner

        return open_click_refiner(self._store, self._artifacts, self._settings)

    def refiner_form(self) -> str:
        """What `open_refiner` opens now; it changes when a quicker form is there.

        Raises:
            ModelError: the click network is not there.
        """
        return self._conversions.form(clicks_digest())

    def _stored_mask(self, stored: Prediction) -> NDArray[np.uint8] | None:
        """None: it is damaged, and is predicted again."""
        try:
            return decode_class_mask(self._artifacts.get(stored.mask_digest))
        except (ArtifactError, MaskError) as error:
            log.warning("prediction %d is made again: %s", stored.id, error)
        with self._store.session() as session:
            distrust(session, stored.id)
        return None

    def answer(
        self, model: LoadedModel, config: LabelConfig, task: Task, stored: Prediction
    ) -> PrefilledTask:
        """A stored prediction as Label Studio takes it."""
        mask = decode_class_mask(self._artifacts.get(stored.mask_digest))
        return self._answer(stored, mask, model, config, task, fresh=False)

    def _register(
        self, project_id: int, config: LabelConfig, ls_task: dict[str, Any], version_id: int
    ) -> tuple[Task, Prediction | None]:
        known = self._find(project_id, config, ls_task, version_id)
        if known is not None:
            return known
        with self._store.session() as session:
            task = register_task(session, project_id, config, ls_task)
            stored = find_prediction(session, task.id, version_id)
        keep_garments(self._store, project_id, task.id)
        same_photo = stored is not None and stored.image_digest == task.image_digest
        return task, stored if same_photo else None

    def _find(
        self, project_id: int, config: LabelConfig, ls_task: dict[str, Any], version_id: int
    ) -> tuple[Task, Prediction] | None:
        """A task that is in the store as Label Studio tells it, with a prediction of its photo:
        nothing is written for it, so that a person waits for no writer."""
        with self._store.reading() as session:
            task = unchanged_task(session, project_id, config, ls_task)
            if task is None:
                return None
            stored = find_prediction(session, task.id, version_id)
        same_photo = stored is not None and stored.image_digest == task.image_digest
        return (task, stored) if stored is not None and same_photo else None

    def _answer(
        self,
        prediction: Prediction,
        mask: NDArray[np.uint8],
        model: LoadedModel,
        config: LabelConfig,
        task: Task,
        *,
        fresh: bool,
    ) -> PrefilledTask:
        with self._store.reading() as session:
            per = read_regions_per(session, task.project_id)
        result = mask_to_regions(
            renumber(mask, model.labels, config.labels),
            config=config,
            labels=config.labels,
            region_scores=prediction.region_scores,
            seed=prefill_seed(task.ls_task_id, model.name),
            per=per,
        )
        return PrefilledTask(
            prediction.id, result, prediction.score, model.name, fresh, prediction.left_blank
        )


def prefill_seed(ls_task_id: int, version: str) -> str:
    """What the ids of a pre-fill's regions follow from."""
    return f"{ls_task_id}/{version}"


def register_task(
    session: Any, project_id: int, config: LabelConfig, ls_task: dict[str, Any]
) -> Task:
    """The store's row of a task as Label Studio sends it, inserted or brought up to date."""
    given = ls_task.get("data")
    data: dict[str, Any] = given if isinstance(given, dict) else {}
    url = find_field(data, config.data_key)
    url = url if isinstance(url, str) else ""
    rule = garment_rule(session, project_id)
    garment, view, by = garment_of(rule, data, url, ls_task["id"])
    return upsert_task(
        session,
        project_id,
        ls_task_id=parse_id(ls_task["id"], "task"),
        data=data,
        image_url=url,
        garment=garment,
        view=view,
        garment_by=by,
        garment_type=_first(data, "garment_type", "category"),
        photo_session=_first(data, "photo_session", "session"),
    )


def unchanged_task(
    session: Any, project_id: int, config: LabelConfig, ls_task: dict[str, Any]
) -> Task | None:
    """The store's row of a task of which Label Studio says nothing new; else None, and it is to be
    registered."""
    task = get_task(session, project_id, parse_id(ls_task["id"], "task"))
    return task if task is not None and is_as_told(config, task, ls_task.get("data")) else None


def is_as_told(config: LabelConfig, task: Task, data: Any) -> bool:
    """Whether the store's row of a task is what `register_task` would make of this data."""
    is_known = bool(task.garment_by) and task.data == data
    return is_known and task.image_url == find_field(task.data, config.data_key)


def _first(data: dict[str, Any], *names: str) -> str:
    """The first of these fields that the task's data has, as text."""
    return next((str(data[name])[:64] for name in names if data.get(name)), "")
