"""An annotation becomes a correction: its mask, and how far off the pre-fill was."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.errors import (
    ArtifactError,
    HemlineError,
    LabelStudioUnavailable,
    MaskError,
    PhotoUnavailable,
)
from hemline.images import decode_image
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import regions_to_layers
from hemline.masks.codecs.png import decode_class_mask, encode_class_mask
from hemline.masks.layers import Layers, encode_covered
from hemline.store.loop.annotations import label_before, record_annotation
from hemline.store.loop.attempts import begin_attempt, end_attempt
from hemline.store.loop.clicks import claim_clicks
from hemline.store.loop.corrections import mark_labelled, refresh_labelled
from hemline.store.loop.garments import is_settled, settle_garments
from hemline.store.loop.splits import assign_split
from hemline.store.loop.tasks import clear_task_problems, record_photo, set_task_problem
from hemline.store.review.label_review import review_saved
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import Annotation, Project, Task
from worker.attempts import KillsItsProcess, check_deaths
from worker.ingest.brushed import is_brushed
from worker.ingest.compare import ComparedPrefill, compare
from worker.ingest.compared_with import ComparedWith, look_up
from worker.ingest.lost_work import Prefilled, lost_work
from worker.ingest.submitted import Submitted
from worker.services import Services

log = logging.getLogger(__name__)

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SavedAnnotation:
    """An annotation that was saved in Label Studio, and where it belongs.

    is_counted: whether the attempt at it is counted under its own name. The first attempt at a
        delivery is not, since the delivery's own count says that it was begun.
    """

    project: Project
    config: LabelConfig
    task: Task
    submitted: Submitted
    stored: ComparedWith
    is_counted: bool = True

    @property
    def work(self) -> str:
        """What its attempts are counted under: this save of it."""
        saved = self.submitted.updated_at.isoformat() if self.submitted.updated_at else ""
        return f"annotation/{self.project.id}/{self.submitted.ls_annotation_id}/{saved}"


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a mask is held as lost work; or that somebody has settled it."""

    problem: str | None = None
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class AnnotationRead:
    """An annotation's mask as an artifact, or the problem that leaves it without one."""

    digest: str | None = None
    width: int | None = None
    height: int | None = None
    prefill: ComparedPrefill | None = None
    problem: str | None = None
    brushed: bool = False
    held_digest: str | None = None  # of a mask that looks like lost work
    covered_digest: str | None = None
    kept_back: ComparedPrefill | None = None  # what its annotator was not shown, by chance
    kills: bool = False  # its process, so that it is not read again


def record_submitted(
    services: Services, project: Project, config: LabelConfig, task: Task, submitted: Submitted
) -> None:
    """Stores the annotation with its mask, or with the problem that leaves it out. Its signals are
    asked for by the sweep, which finds that they wait."""
    with services.store.session() as session:
        stored = look_up(session, project, task, submitted)
        saved = SavedAnnotation(project, config, task, submitted, stored)
        times_begun = begin_attempt(session, saved.work)
    try:
        read = read_annotation(services, saved, times_begun)
        with services.store.session() as session:
            store_annotation(session, services, saved, read)
    except BaseException:  # the process lives
        with services.store.session() as session:
            end_attempt(session, saved.work)
        raise


def store_annotation(
    session: Any, services: Services, saved: SavedAnnotation, read: AnnotationRead
) -> None:
    """Stores what was read of an annotation, and ends the attempt at it.

    Writes only: it is done again in another transaction where this one fails.
    """
    task, submitted = saved.task, saved.submitted
    if saved.is_counted and not read.kills:
        end_attempt(session, saved.work)
    met = read.prefill or read.kept_back
    before = label_before(session, saved.project.id, submitted.ls_annotation_id)
    stored = record_annotation(
        session,
        project_id=saved.project.id,
        task_id=task.id,
        ls_annotation_id=submitted.ls_annotation_id,
        prediction_id=read.prefill.prediction_id if read.prefill else None,
        mask_digest=read.digest,
        covered_digest=read.covered_digest,
        held_digest=read.held_digest,
        width=read.width,
        height=read.height,
        annotator=submitted.annotator,
        lead_time_s=submitted.lead_time_s,
        was_cancelled=submitted.was_cancelled,
        ground_truth=submitted.ground_truth,
        untouched=read.prefill is not None and read.prefill.untouched,
        brushed=read.brushed,
        dice=read.prefill.dice if read.prefill else None,
        kept_back_dice=read.kept_back.dice if read.kept_back else None,
        outline_agreement=met.agreement if met else None,
        problem=read.problem,
        verdict=submitted.verdict,
        ls_updated_at=submitted.updated_at,
    )
    if stored.mask_digest is not None and task.split is None:
        assign_split(
            session,
            task.id,
            gold_share=services.settings.gold_share,
            validation_share=services.settings.validation_share,
            gold_minimum=services.settings.gold_minimum,
        )
    if stored.deleted_at is None:
        mark_labelled(session, task.id)
    else:
        refresh_labelled(session, [task.id])
    made_with = claim_clicks(
        session, stored.id, task.id, submitted.annotator, until=submitted.updated_at
    )
    stored.clicks, stored.boxes = made_with.clicks, made_with.boxes  # written if they are others
    if stored.ls_updated_at == submitted.updated_at:
        review_saved(
            session,
            stored,
            mask_before=before[0],
            verdict_before=before[1],
            made_before=before[2],
            by=submitted.updated_by or submitted.annotator,
        )


def read_annotation(services: Services, saved: SavedAnnotation, times_begun: int) -> AnnotationRead:
    """What the annotation holds, between transactions: store it with `store_annotation`.

    times_begun: with this time. One that kills the process is left out after a few deaths.

    Raises:
        ArtifactsUnavailable: the storage of artifacts does not answer.
    """
    config, submitted = saved.config, saved.submitted
    try:
        check_deaths(times_begun, way_out="delete it in Label Studio and draw it again")
    except KillsItsProcess as error:
        number = submitted.ls_annotation_id
        log.error("task %d, annotation %d: %s", saved.task.ls_task_id, number, error)
        return AnnotationRead(problem=_left_out(submitted, error), kills=True)
    task = _with_photo_size(services, saved.task)
    layers, problem = _read_layers(config, task, submitted)
    mask = layers.mask if layers is not None else None
    stored = saved.stored
    prefill = compare(services, config, task, stored.prediction, mask)
    if layers is None or mask is None:
        return AnnotationRead(problem=problem, prefill=prefill)
    below = encode_covered(layers)
    covered = services.artifacts.put(below, "covered parts") if below else None
    digest = services.artifacts.put(encode_class_mask(mask), "mask")
    height, width = mask.shape
    doubt = _doubt(services, config, submitted, stored.annotation, mask, digest, prefill)
    if doubt.problem:
        log.warning("task %d: %s", task.ls_task_id, doubt.problem)
        begun = ComparedPrefill(prefill.prediction_id) if prefill is not None else None
        return AnnotationRead(None, width, height, begun, doubt.problem, False, digest, covered)
    brushed = is_brushed(
        submitted.result,
        config,
        untouched=prefill is not None and prefill.untouched,
        predicted=prefill.predicted if prefill is not None else None,
        clicked=stored.clicked,
        size=mask.shape,
        seed=prefill.seed if prefill is not None else "",
    )
    if not is_settled(saved.project):
        settle_garments(services.store, task.project_id)
    return AnnotationRead(
        digest,
        width,
        height,
        prefill,
        brushed=brushed,
        held_digest=digest if doubt.is_settled else None,
        covered_digest=covered,
        kept_back=compare(services, config, task, stored.kept_back, mask),
    )


def _read_layers(
    config: LabelConfig, task: Task, submitted: Submitted
) -> tuple[Layers | None, str | None]:
    """What is drawn, or the problem that leaves the annotation without one. A skip has neither."""
    if submitted.was_cancelled:
        return None, None
    try:
        layers = regions_to_layers(
            submitted.result,
            config=config,
            labels=config.labels,
            height=task.height,
            width=task.width,
        )
    except MaskError as error:
        problem = _left_out(submitted, error)
        log.warning("task %d: %s", task.ls_task_id, problem)
        return None, problem
    except Exception as error:  # whatever a broken value makes a decoder do, memory included
        log.exception("task %d: annotation %d", task.ls_task_id, submitted.ls_annotation_id)
        wrong = f"it cannot be read ({error!r:.200}); delete it in Label Studio and draw it again"
        return None, _left_out(submitted, wrong)
    return layers, None


def _left_out(submitted: Submitted, why: object) -> str:
    return f"annotation {submitted.ls_annotation_id} is left out: {why}"


def _with_photo_size(services: Services, task: Task) -> Task:
    """The task with its photo's size. Fetches the photo if it never was; a correction whose photo
    cannot be had now is measured by its own regions, and by the photo when it is trained on."""
    if task.width and task.height:
        return task
    try:
        photo = services.photos.fetch(task.image_url, task_id=task.ls_task_id)
        image = decode_image(photo.data, name=photo.name, max_pixels=services.settings.max_pixels)
    except (LabelStudioUnavailable, PhotoUnavailable) as error:
        log.info("task %d: photo not fetched now: %s", task.ls_task_id, error)
        return task
    except HemlineError as error:
        with services.store.session() as session:
            set_task_problem(session, task.id, str(error), ProblemSource.PHOTO)
        return task
    task.height, task.width = image.shape[:2]
    with services.store.session() as session:
        record_photo(session, task.id, photo.digest, task.width, task.height)
        clear_task_problems(session, [task.id], ProblemSource.PHOTO)
    return task


def _doubt(
    services: Services,
    config: LabelConfig,
    submitted: Submitted,
    known: Annotation | None,
    mask: Mask,
    digest: str,
    prefill: ComparedPrefill | None,
) -> _Doubt:
    """Whether the mask looks like lost work, and whether somebody has confirmed it: by another save
    of the same mask, by a verdict, or by marking it as ground truth."""
    if not services.settings.hold_lost_work:
        return _Doubt()
    was_held = known is not None and known.held_digest == digest
    is_later = known is not None and _is_later(submitted.updated_at, known.ls_updated_at)
    before = None
    if known is not None and known.last_mask_digest != digest and (is_later or was_held):
        before = _stored_mask(services, known.last_mask_digest)
    shown = None
    if prefill is not None and prefill.predicted is not None:
        shown = Prefilled(prefill.predicted, prefill.score)
    lost = lost_work(mask, config.labels, prefilled=shown, before=before)
    if lost is None:
        return _Doubt()
    if (
        submitted.ground_truth
        or _is_judged(submitted, known)
        or (known is not None and was_held and (is_later or known.mask_digest == digest))
    ):
        return _Doubt(is_settled=True)
    return _Doubt(problem=_left_out(submitted, lost))


def _is_judged(submitted: Submitted, known: Annotation | None) -> bool:
    """Whether somebody chose a verdict with this save: they have looked at what they saved."""
    before = known.verdict if known is not None else None
    return submitted.verdict is not None and submitted.verdict != before


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other


def _stored_mask(services: Services, digest: str | None) -> Mask | None:
    try:
        return decode_class_mask(services.artifacts.get(digest)) if digest else None
    except (ArtifactError, MaskError) as error:
        log.warning("the mask that was saved before: %s", error)
        return None
