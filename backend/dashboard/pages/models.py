"""Models: each version, where it came from, what it was judged to be, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from backend.dashboard.charts.canvas import Chart
from backend.dashboard.charts.lines import Series, line_chart
from backend.dashboard.frame import known_project, render_page, say, see
from backend.dashboard.login.access import current_person, needs
from backend.dashboard.pages.evaluation_items import (
    EvaluationItem,
    better_and_worse,
    by_class,
    by_view,
    read_items,
)
from backend.dashboard.pages.labels import label_section
from backend.dashboard.pages.regions import region_section
from backend.dashboard.pictures.picture import PictureKind
from backend.dashboard.pictures.specs import picture_address
from backend.dashboard.words import dice
from backend.services import BackendServices
from hemline.errors import StoreError
from hemline.store.models.evaluations import evaluations_of
from hemline.store.models.follow_ups import networks_in_words
from hemline.store.models.models import find_version, list_versions
from hemline.store.models.succession import Succession, promote_by_hand, roll_back
from hemline.store.people import record_event
from hemline.store.reports.follow_up_runs import follow_up_runs, summarise_follow_ups
from hemline.store.reports.gold_items import GoldItem, gold_items, views_of
from hemline.store.reports.task_view import JudgedMask, TaskView
from hemline.store.shadow.shadows import shadow_progress
from hemline.store.states import Role
from hemline.store.tables.loop import Evaluation, ModelVersion, Project

_VERSIONS = 100  # the newest, in the list
_FOLLOW_UPS = 20  # the newest, in their list
_SHOWN = 12  # photos that got better, and as many that got worse: a judgement keeps their masks


@dataclass(frozen=True, slots=True)
class Changed:
    """A gold photo whose mask changed: pictures of the mask before and after, where stored."""

    item: EvaluationItem
    title: str
    before: str | None
    after: str | None


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.get("/<int:project>/models")
    def models(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            versions = list_versions(session, row.id)[: -_VERSIONS - 1 : -1]
            judged = {
                version.id: next(iter(evaluations_of(session, version.id)), None)
                for version in versions
            }
            shadow = shadow_progress(session, row.id, days=services.settings.shadow_days)
            followed = follow_up_runs(session, row.id)
        back = _way_back(versions)
        return render_page(
            "dashboard/models.html",
            project=row,
            versions=versions,
            judged=judged,
            back=back,
            shadow=shadow,
            promotion_by=services.settings.promotion_by,
            followed=followed[:_FOLLOW_UPS],
            brought=summarise_follow_ups(followed),
            networks_in_words=networks_in_words,
            labels=label_section(services.store, row),
            regions=region_section(row),
        )

    @blueprint.get("/<int:project>/models/<int:number>")
    def model(project: int, number: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            version = find_version(session, row.id, number)
            evaluations = evaluations_of(session, version.id)
            items = read_items(evaluations[0]) if evaluations else []
            changes = evaluations[0].figures.get("labels", {}) if evaluations else {}
            ids = {item.ls_task_id for item in items if item.ls_task_id is not None}
            views = views_of(session, row.id, ids)
            better, worse = better_and_worse(items, _SHOWN)
            rival = evaluations[0].champion if evaluations else None
            if rival is None:
                better, worse = [], []
            shown = [i.ls_task_id for i in (*better, *worse) if i.ls_task_id is not None]
            stored = gold_items(
                session, row.id, shown, [version.id, *([rival.id] if rival else [])]
            )
        curve = version.figures.get("curve") or []
        return render_page(
            "dashboard/model.html",
            project=row,
            version=version,
            evaluations=evaluations,
            rival=rival,
            curves=[chart for chart in (_loss(curve), _validation(curve)) if chart],
            classes=by_class(items, changes),
            views=by_view(items, lambda task: views.get(task or 0) or "unknown"),
            better=[_changed(row, item, stored, evaluations[0], version) for item in better],
            worse=[_changed(row, item, stored, evaluations[0], version) for item in worse],
        )

    @blueprint.post("/<int:project>/models/<int:number>/promote")
    @needs(Role.ADMIN)
    def promote(project: int, number: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.session() as session:
            version = find_version(session, row.id, number)
            succession = promote_by_hand(session, version.id)
            _note(session, row, "promote", succession)
        return _after(services, row, succession)

    @blueprint.post("/<int:project>/models/roll-back")
    @needs(Role.ADMIN)
    def go_back(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        try:
            with services.store.session() as session:
                succession = roll_back(session, row.id)
                _note(session, row, "roll back", succession)
        except StoreError as error:  # somebody rolled back since the page was made
            abort(409, f"nothing was changed: {error}")
        return _after(services, row, succession)


def _note(session: Any, project: Project, action: str, succession: Succession) -> None:
    record_event(
        session,
        current_person().name,
        action,
        project_id=project.id,
        target=f"version {succession.champion.number}",
        details={"job": succession.job.id},
    )


def _after(
    services: BackendServices, project: Project, succession: Succession
) -> ResponseReturnValue:
    services.background.submit(
        lambda: services.send("worker.predict_pool", succession.job.id, queue="predict")
    )
    say(
        f"{succession.champion.name} pre-fills from now on; job {succession.job.id} predicts the "
        "unlabelled photos with it."
    )
    return see("models", project=project.ls_project_id)


def _way_back(versions: Sequence[ModelVersion]) -> ModelVersion | None:
    """The version that a roll-back leads to, if there is one."""
    before = [
        v
        for v in versions
        if v.state.value == "retired" and v.promoted_at and not v.weights_removed_at
    ]
    return max(before, key=lambda v: (v.promoted_at, v.number), default=None)


def _changed(
    project: Project,
    item: EvaluationItem,
    stored: dict[int, GoldItem],
    evaluation: Evaluation,
    version: ModelVersion,
) -> Changed:
    gold = stored.get(item.ls_task_id or 0)
    if gold is None:
        return Changed(item, item.garment or "a photo that is gone", None, None)

    def card(of: ModelVersion | None, digest: str | None) -> str | None:
        """The mask that was judged; of judgements that kept none, the mask it pre-filled with."""
        prediction = gold.predictions.get(of.id) if of is not None else None
        if digest is not None:
            judged = JudgedMask(evaluation.id, of is not version, digest)
            shown = TaskView(project, gold.task, gold.annotation, judged=judged)
        elif prediction is not None:
            shown = TaskView(project, gold.task, gold.annotation, prediction)
        else:
            return None
        return picture_address(PictureKind.CARD, shown)

    title = " ".join(part for part in (gold.task.garment, gold.task.view) if part)
    return Changed(
        item,
        title or f"task {gold.task.ls_task_id}",
        card(evaluation.champion, item.champion_mask),
        card(version, item.mask),
    )


def _loss(curve: Sequence[dict[str, Any]]) -> Chart | None:
    losses = [_figure(epoch, "loss") for epoch in curve]
    if not any(value is not None for value in losses):
        return None
    return line_chart(
        "Training loss",
        _epochs(curve),
        [Series("loss", losses)],
        over="epoch",
        write=dice,
        bounds=(0.0, float("inf")),
        size=(560.0, 220.0),
    )


def _validation(curve: Sequence[dict[str, Any]]) -> Chart | None:
    values = [_figure(epoch, "dice") for epoch in curve]
    if not any(value is not None for value in values):
        return None
    return line_chart(
        "Validation Dice",
        _epochs(curve),
        [Series("mean Dice", values)],
        over="epoch",
        write=dice,
        least=0.05,
        size=(560.0, 220.0),
    )


def _epochs(curve: Sequence[dict[str, Any]]) -> list[str]:
    return [str(epoch.get("epoch", place)) for place, epoch in enumerate(curve, 1)]


def _figure(epoch: dict[str, Any], name: str) -> float | None:
    value = epoch.get(name)
    return float(value) if isinstance(value, int | float) else None
