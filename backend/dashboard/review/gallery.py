"""Flagged cut-outs: what needs a person most stands first, with the reasons why."""

from dataclasses import dataclass, replace

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, render_page
from backend.dashboard.pictures.picture import PictureKind
from backend.dashboard.pictures.specs import picture_address
from backend.dashboard.remembered import Remembered
from backend.dashboard.review.filters import Asked, read_filter
from backend.dashboard.review.reasons import (
    VERDICT_TITLES,
    Told,
    told_reasons,
)
from backend.dashboard.review.verdict_buttons import ACTIONS
from backend.services import BackendServices
from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config
from hemline.reasons import Reason
from hemline.store.models.models import list_versions
from hemline.store.reports.task_view import Choices, TaskView, filter_choices
from hemline.store.reports.worth_a_look import WorthALook, worth_a_look
from hemline.store.review.review_order import ReviewFilter, ReviewPage, count_reasons, review_page
from hemline.store.review.review_words import priority_title
from hemline.store.states import ReviewKind
from hemline.store.tables.loop import Project
from hemline.store.tables.review import ReviewItem

PAGE_SIZE = 60
_CHOICES_KEPT_S = 60.0  # what can be filtered by changes when photos are imported
_COUNTS_KEPT_S = 10.0


@dataclass(frozen=True, slots=True)
class Card:
    """An item of the order as the gallery shows it."""

    item: ReviewItem
    picture: str
    reasons: list[Told]


def register(blueprint: Blueprint, services: BackendServices) -> None:
    choices: Remembered[Choices] = Remembered(_CHOICES_KEPT_S)
    counts: Remembered[dict[Reason, int]] = Remembered(_COUNTS_KEPT_S)

    @blueprint.get("/<int:project>/flagged")
    def gallery(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            versions = list_versions(session, row.id)
            asked = read_filter(request.args, versions, project_labels(row))
            worth = worth_a_look(session, row.id)
            page = review_page(
                session,
                row.id,
                asked.kind,
                after=asked.after,
                before=asked.before,
                limit=PAGE_SIZE,
                only=_only(asked, worth),
            )
            offered = choices.get(row.id, lambda: filter_choices(session, row.id))
            counted = counts.get(
                (row.id, asked.kind),
                lambda: count_reasons(session, row.id, asked.kind, ReviewFilter()).each,
            )
        return render_page(
            "dashboard/gallery.html",
            project=row,
            asked=asked,
            page=page,
            cards=[_card(row, item) for item in page.items],
            actions=ACTIONS,
            links=_page_links(asked, page),
            kept=asked.query | _place(asked),
            choices=offered,
            worth=worth,
            versions=versions,
            labels=project_labels(row),
            counted=counted,
            reasons=Reason,
            verdict_titles=VERDICT_TITLES,
            priority_title=priority_title(asked.kind),
            is_labels=asked.kind is ReviewKind.LABEL,
        )


def _only(asked: Asked, worth: WorthALook) -> ReviewFilter:
    """The filter with the risk from which labels are worth a look, if only those are wanted."""
    if not asked.is_worth_a_look or asked.kind is not ReviewKind.LABEL:
        return asked.only
    return replace(asked.only, least_priority=worth.least_risk)


def project_labels(project: Project) -> tuple[str, ...]:
    """The labels of the project's config; none while it has no usable one."""
    try:
        return parse_label_config(project.label_config).labels
    except LabelConfigError:
        return ()


def _card(project: Project, item: ReviewItem) -> Card:
    shown = TaskView(project, item.task, item.annotation, item.prediction)
    return Card(item, picture_address(PictureKind.CARD, shown), told_reasons(item))


def _page_links(asked: Asked, page: ReviewPage) -> dict[str, dict[str, str]]:
    """The queries of the pages beside this one."""
    links = {}
    if page.before is not None:
        links["previous"] = asked.query | {"before": str(page.before)}
    if page.after is not None:
        links["next"] = asked.query | {"after": str(page.after)}
    return links


def _place(asked: Asked) -> dict[str, str]:
    """The place of this page, so that an action leads back to it."""
    if asked.after is not None:
        return {"after": str(asked.after)}
    return {"before": str(asked.before)} if asked.before is not None else {}
