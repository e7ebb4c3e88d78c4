"""One image: the photo with all that is known of its masks drawn over it, and how they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import asked_id, known_project, render_page
from backend.dashboard.pictures.picture import PictureKind
from backend.dashboard.pictures.specs import has_regions, picture_address
from backend.dashboard.review.filters import Asked, read_filter
from backend.dashboard.review.gallery import project_labels
from backend.dashboard.review.reasons import VERDICT_TITLES, told_reasons
from backend.dashboard.review.verdict_buttons import ACTIONS
from backend.services import BackendServices
from hemline.store.effort.left_blank import learnt_times
from hemline.store.loop.tasks import problems_of_task
from hemline.store.models.models import list_versions
from hemline.store.reports.task_view import (
    TaskView,
    find_task_view,
    labels_of,
    predictions_of,
    verdicts_on,
)
from hemline.store.review.blind_twins import twins_of_task
from hemline.store.review.returned import LONGEST_COMMENT, returns_of_task
from hemline.store.review.review_order import Cursor, item_of_task, rank_of, review_page
from hemline.store.review.review_words import priority_title
from hemline.store.states import ReturnState, ReviewKind, ReviewState, Verdict
from hemline.store.tables.loop import Annotation, Prediction, Project
from hemline.store.tables.review import PredictionSignals, ReviewItem
from hemline.store.tables.second_looks import BlindTwin, ReturnedLabel

_GROUNDS = (("white", "#ffffff"), ("grey", "#8c8c8c"), ("black", "#000000"))
_SIZE = (1500, 1000)  # of a photo whose size nobody knows yet


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture over the photo; without an address there is nothing to show, and `why` says so."""

    name: str
    title: str
    key: str  # the key that shows and hides it
    is_on: bool
    address: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """How the task came to its masks."""

    labels: Sequence[Annotation]
    predictions: Sequence[tuple[Prediction, PredictionSignals | None]]


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/<int:project>/image/<int:task>")
    def image(project: int, task: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            versions = list_versions(session, row.id)
            asked = read_filter(request.args, versions, project_labels(row))
            bare = find_task_view(session, row, task)
            if bare is None:
                abort(
                    404,
                    f"task {task} is not in this project; it may have been deleted in Label Studio",
                )
            item = item_of_task(session, bare.task.id, asked.kind)
            is_open = item is not None and item.state is ReviewState.OPEN
            rank = rank_of(session, item) if item is not None and is_open else None
            history = History(
                labels_of(session, bare.task.id), predictions_of(session, bare.task.id)
            )
            verdicts = verdicts_on(session, bare.task.id)
            problems = problems_of_task(session, bare.task.id)
            returns = returns_of_task(session, bare.task.id)
            twins = twins_of_task(session, bare.task.id)
        shown = _chosen(services, bare, item, history)
        beside = _beside(services, row, asked, item)
        return render_page(
            "dashboard/image.html",
            project=row,
            task=shown.task,
            shown=shown,
            item=item,
            rank=rank,
            problems=problems,
            reasons=told_reasons(item) if item is not None else [],
            asked=asked,
            beside=beside,
            layers=_layers(shown),
            photo=picture_address(PictureKind.PHOTO, shown),
            cutout=_cutout(shown),
            size=_size(shown),
            history=history,
            outline_bound=_outline_bound,
            errors_s=_errors(row),
            verdicts=verdicts,
            returns=returns,
            goes_back_to=_goes_back_to(item, returns),
            longest_comment=LONGEST_COMMENT,
            twins=twins,
            can_have_twin=_can_have_twin(item, twins),
            grounds=(*_GROUNDS, ("brand", services.settings.brand_colour)),
            actions=ACTIONS,
            verdict_titles=VERDICT_TITLES,
            priority_title=priority_title(asked.kind),
        )


def _chosen(
    services: BackendServices, bare: TaskView, item: ReviewItem | None, history: History
) -> TaskView:
    """The task with the label and the prediction that the address names, else those that the
    order is about, else the newest."""
    current = [row for row in history.labels if row.deleted_at is None and row.mask_digest]
    about = (item.annotation_id, item.prediction_id) if item is not None else (None, None)
    annotation_id = asked_id("correction") or about[0]
    prediction_id = asked_id("prediction") or about[1]
    if annotation_id is None and current:
        annotation_id = current[0].id
    if prediction_id is None and history.predictions:
        prediction_id = history.predictions[0][0].id
    with services.store.reading() as session:
        shown = find_task_view(
            session,
            bare.project,
            bare.task.ls_task_id,
            annotation_id=annotation_id,
            prediction_id=prediction_id,
        )
    return shown or bare


def _goes_back_to(item: ReviewItem | None, returns: Sequence[ReturnedLabel]) -> str:
    """Who the label can be sent back to; "" where it cannot, or waits for them already."""
    if item is None or item.kind is not ReviewKind.LABEL or item.annotation is None:
        return ""
    waits = any(row.state is ReturnState.WAITING for row in returns)
    may_be_wrong = item.verdict in (None, Verdict.LABEL_WRONG)
    return item.annotation.annotator if may_be_wrong and not waits else ""


def _can_have_twin(item: ReviewItem | None, twins: Sequence[BlindTwin]) -> bool:
    """Whether somebody else can be asked for a second mask now."""
    return (
        item is not None
        and item.annotation is not None
        and bool(item.annotation.annotator)
        and all(twin.compared_at is not None for twin in twins)
    )


def _beside(
    services: BackendServices, project: Project, asked: Asked, item: ReviewItem | None
) -> dict[str, int]:
    """The tasks before and after this one in the order, within the filter."""
    if item is None:
        return {}
    here = Cursor(item.priority, item.id)
    shared: dict[str, Any] = {"limit": 1, "only": asked.only}
    with services.store.reading() as session:
        pages = {
            "previous": review_page(session, project.id, asked.kind, before=here, **shared),
            "next": review_page(session, project.id, asked.kind, after=here, **shared),
        }
    return {name: page.items[0].task.ls_task_id for name, page in pages.items() if page.items}


def _layers(shown: TaskView) -> list[Layer]:
    has_label = shown.annotation is not None and shown.annotation.mask_digest is not None
    has_prediction = shown.prediction is not None
    no_label = "there is no label with a mask"
    no_prediction = "no model has predicted this photo"
    both = "" if has_label and has_prediction else no_label if has_prediction else no_prediction
    no_map = "this prediction has no probability map"
    no_region = "nothing was found"
    found = (
        (PictureKind.PREDICTION, "Prediction", "p", True, "" if has_prediction else no_prediction),
        (PictureKind.CORRECTION, "Correction", "c", True, "" if has_label else no_label),
        (PictureKind.DIFFERENCE, "Difference", "d", False, both),
        (PictureKind.UNCERTAINTY, "Uncertainty", "u", False, "" if shown.map_digest else no_map),
        (
            PictureKind.LOW_CONTRAST,
            "Low contrast",
            "l",
            False,
            "" if has_regions(PictureKind.LOW_CONTRAST, shown) else no_region,
        ),
        (
            PictureKind.DISAGREEMENT,
            "Disagreement",
            "g",
            False,
            "" if has_regions(PictureKind.DISAGREEMENT, shown) else no_region,
        ),
        (
            PictureKind.COMPLICATED,
            "Complicated",
            "m",
            False,
            "" if has_regions(PictureKind.COMPLICATED, shown) else no_region,
        ),
        (
            PictureKind.CHECKS,
            "Checks",
            "x",
            True,
            "" if has_regions(PictureKind.CHECKS, shown) else no_region,
        ),
    )
    return [
        Layer(
            kind.value.replace("_", "-"),
            title,
            key,
            is_on and not why,
            "" if why else picture_address(kind, shown),
            why,
        )
        for kind, title, key, is_on, why in found
    ]


def _cutout(shown: TaskView) -> str:
    has_mask = shown.prediction is not None or (
        shown.annotation is not None and shown.annotation.mask_digest is not None
    )
    return picture_address(PictureKind.CUTOUT, shown) if has_mask else ""


def _outline_bound(signals: PredictionSignals | None) -> int | None:
    """Whole pixels that nine in ten outlines are true within; None where no bound is known."""
    bound = signals.outline_within_px if signals is not None else None
    return None if bound is None else ceil(bound)


def _errors(project: Project) -> tuple[float | None, float | None]:
    """How far off predicted seconds of correcting, and of drawing, are in the mean."""
    times = learnt_times(project)
    return (None, None) if times is None else (times[0].error_s, times[1].error_s)


def _size(shown: TaskView) -> tuple[int, int]:
    for row in (shown.task, shown.annotation):
        if row is not None and row.height and row.width:
            return row.height, row.width
    return _SIZE
