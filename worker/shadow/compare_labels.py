"""Predicts photos that people have labelled with the candidate that is in shadow, and compares.

The candidate's weights were fixed before anybody labelled these photos, so that it does not matter
that it predicts them afterwards. The champion's mask is the one that was stored when the task was
pre-filled. So no opened task costs more than without a shadow, and photos that nobody corrects cost
nothing.
"""

import logging
import time

from hemline.errors import (
    ArtifactsUnavailable,
    HemlineError,
    LabelStudioUnavailable,
    MaskError,
    PhotoUnavailable,
    StoreUnavailable,
)
from hemline.images import decode_small, image_size
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.regions import as_shown
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.renumber import renumber
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.segmentation.evaluation.judged_photo import dice_beyond_outline
from hemline.store.models.snapshots import read_manifest
from hemline.store.shadow.shadow_labels import (
    LabelToCompare,
    count_compared_garments,
    keep_comparison,
    labels_to_compare,
    seen_in_training,
)
from hemline.store.shadow.shadows import running_shadows
from hemline.store.tables.shadows import Shadow
from hemline.system.people_wait import let_people_go_first
from worker.attempts import counted
from worker.ingest.compare import Mask, predicted_mask
from worker.services import Services
from worker.shadow.decide import decide
from worker.shadow.watch import is_over

log = logging.getLogger(__name__)

_AT_ONCE = 50  # labels asked for at a time
_TURN_S = 60.0  # then other work of the queue has its turn
_LONGEST_PAUSE_S = 5.0  # before each photo, while somebody waits for a mask
_SEEN = "a model was trained on a photo of this garment"


def compare_labels(services: Services) -> None:
    """Works on the labels that wait, for some seconds at most, then has itself called again.

    While Label Studio or the storage of artifacts is away the labels wait.
    """
    until = time.monotonic() + _TURN_S
    with services.store.reading() as session:
        shadows = running_shadows(session)
    for shadow in shadows:
        if is_over(services, shadow) is not None:  # the next look at all of them ends it
            continue
        try:
            is_done = _Comparison(services, shadow).run(until)
        except StoreUnavailable:
            raise
        except (LabelStudioUnavailable, LabelStudioRefused, ArtifactsUnavailable) as error:
            log.info("%s waits in shadow: %s", shadow.model_version.name, error)
            continue
        except HemlineError as error:
            log.error("%s cannot be compared in shadow: %s", shadow.model_version.name, error)
            continue
        if not is_done:
            services.sender.send("worker.shadow", queue="predict")
            return


class _Comparison:
    """The labels of one shadow."""

    def __init__(self, services: Services, shadow: Shadow) -> None:
        self._services = services
        self._shadow = shadow
        self._config = parse_label_config(shadow.project.label_config)
        self._model: LoadedModel | None = None
        self._passed_over: set[int] = set()  # tasks whose photos cannot be had now

    def run(self, until: float) -> bool:
        """Compares what waits until there are enough garments, and decides then. False: there was
        not enough time."""
        services, shadow = self._services, self._shadow
        snapshot = shadow.model_version.snapshot
        assert snapshot is not None, "a starter is never in shadow"
        manifest = read_manifest(services.artifacts, snapshot)
        with services.store.reading() as session:
            seen = seen_in_training(session, shadow.project_id, manifest)
        while not self._is_complete() and (waiting := self._waiting()):
            for label in waiting:
                if time.monotonic() > until:
                    return False
                if label.annotation.task_id in self._passed_over:
                    continue
                if seen.has(label.annotation.task):
                    self._keep_problem(label, _SEEN)
                    continue
                self._compare(self._loaded(), label)
                if self._is_complete():
                    break
        if self._is_complete():
            decide(services, shadow)
        return True

    def _is_complete(self) -> bool:
        with self._services.store.reading() as session:
            return count_compared_garments(session, self._shadow.id) >= self._shadow.garments

    def _waiting(self) -> list[LabelToCompare]:
        limit = _AT_ONCE + len(self._passed_over)
        with self._services.store.reading() as session:
            waiting = labels_to_compare(session, self._shadow, limit)
        of_task = {
            label.annotation.task_id: label
            for label in reversed(waiting)
            if label.annotation.task_id not in self._passed_over
        }
        return list(reversed(of_task.values()))

    def _compare(self, model: LoadedModel, label: LabelToCompare) -> None:
        """Stores how near both came, or what is wrong with this one."""
        services, task = self._services, label.annotation.task
        work = f"shadow/{self._shadow.id}/{label.annotation.id}"
        try:
            with counted(services, work, way_out="replace the photo"):
                mine, theirs = self._figures(model, label)
        except PhotoUnavailable as error:
            log.info("task %d is put off: %s", task.ls_task_id, error)
            self._passed_over.add(task.id)
            return
        except (
            LabelStudioUnavailable,
            LabelStudioRefused,
            ArtifactsUnavailable,
            StoreUnavailable,
        ):
            raise
        except HemlineError as error:
            log.warning("task %d is not compared: %s", task.ls_task_id, error)
            self._keep_problem(label, str(error))
            return
        with services.store.session() as session:
            keep_comparison(
                session,
                self._shadow,
                label,
                dice=mine[0],
                champion_dice=theirs[0],
                labels=mine[1],
                champion_labels=theirs[1],
            )

    def _figures(
        self, model: LoadedModel, label: LabelToCompare
    ) -> tuple[tuple[float, dict[str, float]], tuple[float, dict[str, float]]]:
        """Dice of candidate and champion: mean, and label by label.

        Raises:
            LabelStudioError: the photo cannot be had now.
            HemlineError: they cannot be compared.
        """
        services, config = self._services, self._config
        truth = decode_class_mask(services.artifacts.get(label.annotation.mask_digest or ""))
        shown = predicted_mask(services, label.prediction, config)
        if shown is None:
            raise MaskError("the champion's mask is lost")
        mine = self._predict(model, label)
        if not truth.shape == shown.shape == mine.shape:
            raise MaskError(
                f"the label is {truth.shape[1]} x {truth.shape[0]} px, the photo "
                f"{mine.shape[1]} x {mine.shape[0]} px; correct it again"
            )
        return (
            dice_beyond_outline(mine, truth, config.labels),
            dice_beyond_outline(shown, truth, config.labels),
        )

    def _predict(self, model: LoadedModel, label: LabelToCompare) -> Mask:
        """The candidate's mask, as somebody who opens the task would be shown it."""
        services, task, config = self._services, label.annotation.task, self._config
        photo = services.photos.fetch(task.image_url, task_id=task.ls_task_id)
        if photo.digest != label.prediction.image_digest:
            raise MaskError("the photo is another one than the champion pre-filled")
        most = services.settings.max_pixels
        size = image_size(photo.data, name=photo.name, max_pixels=most)
        image, size = decode_small(
            photo.data, name=photo.name, max_pixels=most, least=model.predictor.least_size
        )
        mask = model.predictor.examine(image, size=size).prediction.mask
        return as_shown(renumber(mask, model.labels, config.labels), config)

    def _loaded(self) -> LoadedModel:
        """The candidate, run as it would be served."""
        if self._model is None:
            services, version = self._services, self._shadow.model_version
            prefiller = Prefiller(
                services.store, services.artifacts, services.photos, services.settings
            )
            prefiller.prepare(version)
            self._model = prefiller.load(version, before_photos=self._let_people_go_first)
        return self._model

    def _let_people_go_first(self) -> None:
        home = self._services.settings.home_path
        let_people_go_first(home, longest_s=_LONGEST_PAUSE_S)

    def _keep_problem(self, label: LabelToCompare, problem: str) -> None:
        with self._services.store.session() as session:
            keep_comparison(session, self._shadow, label, problem=problem)
