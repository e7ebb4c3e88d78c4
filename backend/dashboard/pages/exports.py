"""Orders an export from the worker, shows how far it is, and hands it over."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import known_project, render_page, say, see
from backend.dashboard.login.access import needs
from backend.dashboard.ordered_job import order_job
from backend.dashboard.remembered import Remembered
from backend.dashboard.zip_stream import zip_files, zip_folder
from backend.services import BackendServices
from hemline.channels.pack import pack_names
from hemline.errors import ArtifactsUnavailable, HemlineError
from hemline.export.cutout_style import DEFAULT_STYLE, CutoutStyle
from hemline.export.formats.registry import FormatName
from hemline.export.order import ExportOrder
from hemline.export.request import build_filter
from hemline.export.run import SUMMARY
from hemline.export.shared import SharedExport
from hemline.masks.cutouts.edges import Edge
from hemline.store.loop.jobs import get_job, list_jobs
from hemline.store.models.models import list_versions
from hemline.store.reports.export_masks import MaskChoice
from hemline.store.reports.task_view import Choices, filter_choices
from hemline.store.states import JobKind, JobState, Role
from hemline.store.tables.loop import Job, Project

FORMATS = {
    FormatName.CUTOUTS: ("Cut-outs", "RGBA PNG at the photos' own size"),
    FormatName.MASKS: ("Masks", "PNG, 0 and 255, or class ids where there are several labels"),
    FormatName.COCO: ("COCO", "run lengths and polygons"),
    FormatName.COCO_PARTS: ("COCO, by part", "an instance for each part that lies apart"),
    FormatName.YOLO: ("YOLO segments", "a text file a photo"),
    FormatName.LABEL_STUDIO: ("Label Studio JSON", "tasks that Label Studio imports"),
}
MASKS = {
    MaskChoice.CORRECTIONS: "corrections",
    MaskChoice.BEST: "corrections, otherwise predictions",
    MaskChoice.PREDICTIONS: "predictions",
}
EDGES = {
    Edge.SOFTENED: "softened",
    Edge.HARD: "hard",
    Edge.SOFT: "soft, for fur",
    Edge.SHEER: "sheer, for lace",
}
_TEXTS = ("garment", "garment_type", "view", "photo_session", "annotator")
_LONGEST = 255
_SHOWN = 50
_FIGURES_KEPT = 1000
_AWAY_S = 30.0
_CHOICES_KEPT_S = 60.0


@dataclass(frozen=True, slots=True)
class Ordered:
    """An export as the page shows it."""

    job: Job
    title: str
    filters: str
    where: str
    figures: dict[str, Any]  # "masks" and "failed" once it is done
    is_here: bool  # it can be read from this machine


def register(blueprint: Blueprint, services: BackendServices) -> None:
    choices: Remembered[Choices] = Remembered(_CHOICES_KEPT_S)
    figures = _Figures()

    @blueprint.get("/<int:project>/exports")
    def exports(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            jobs = list_jobs(session, row.id, kind=JobKind.EXPORT, limit=_SHOWN)
            offered = choices.get(row.id, lambda: filter_choices(session, row.id))
            versions = list_versions(session, row.id)
        ordered = [_ordered(services, row, job, figures) for job in jobs]
        running = any(o.job.state in (JobState.QUEUED, JobState.RUNNING) for o in ordered)
        return render_page(
            "dashboard/exports.html",
            project=row,
            ordered=ordered,
            formats=FORMATS,
            masks=MASKS,
            edges=EDGES,
            channels=pack_names(),
            choices=offered,
            versions=versions,
            is_running=running,
        )

    @blueprint.post("/<int:project>/exports")
    @needs(Role.ADMIN)
    def order_export(project: int) -> ResponseReturnValue:
        row = known_project(services, project)
        order = _order(services, row)
        job = order_job(services, row, JobKind.EXPORT, order.arguments(), name="export")
        say(f"Export {job.id} is queued; the worker will write it.")
        return see("exports", project=project)

    @blueprint.get("/<int:project>/exports/<int:number>.zip")
    @needs(Role.ADMIN)
    def download(project: int, number: int) -> ResponseReturnValue:
        row = known_project(services, project)
        with services.store.reading() as session:
            job = get_job(session, number)
        if job.project_id != row.id or job.kind is not JobKind.EXPORT:
            abort(404, f"export {number} does not belong to this project")
        order = ExportOrder.read(job.arguments)
        folder = order.folder(services.settings, project)
        is_done = job.state is JobState.DONE
        packed = _packed(order.shared(services.settings, project), folder) if is_done else None
        if packed is None:
            abort(
                404,
                f"export {number} is not ready here: it is {job.state.value}; its folder "
                f"is {folder} on the worker's machine",
            )
        answer = Response(packed, mimetype="application/zip")
        answer.headers["Content-Disposition"] = f'attachment; filename="{folder.name}.zip"'
        return answer


def _packed(shared: SharedExport | None, folder: Path) -> Iterator[bytes] | None:
    """The export as a zip file; None if it is not to be had here. What all hosts share goes first:
    a folder of this host may be of an earlier export."""
    if shared is not None and shared.files() is not None:
        return zip_files(shared.read_all(), folder.name)
    return zip_folder(folder, folder.name) if folder.is_dir() else None


def _order(services: BackendServices, project: Project) -> ExportOrder:
    """The order of the form. Raises HemlineError if its words do not go together."""
    given = {name: request.form.get(name, "").strip()[:_LONGEST] for name in _TEXTS}
    name, masks = request.form.get("format", ""), request.form.get("masks", "")
    if name not in list(FormatName) or masks not in list(MaskChoice):
        abort(400, f"nothing was exported: unknown masks '{masks[:40]}' or format '{name[:40]}'")
    choice = MaskChoice(masks)
    version = request.form.get("version", "").strip()[:_LONGEST]
    chosen = build_filter(
        services.store,
        project,
        masks=choice,
        version="" if choice is MaskChoice.CORRECTIONS else version,
        reviewed=bool(request.form.get("reviewed")),
        **given,
    )
    edge = request.form.get("edge", Edge.SOFTENED)
    if edge not in list(Edge):
        abort(400, f"nothing was exported: unknown edge '{edge[:40]}'")
    pack = request.form.get("pack", "")
    if pack and pack not in pack_names():
        abort(400, f"nothing was exported: unknown channel '{pack[:40]}'")
    cutouts = name == FormatName.CUTOUTS
    style = CutoutStyle(Edge(edge), pack) if cutouts else DEFAULT_STYLE
    return ExportOrder(FormatName(name), chosen, style)


def _ordered(services: BackendServices, project: Project, job: Job, figures: "_Figures") -> Ordered:
    try:
        order = ExportOrder.read(job.arguments)
    except HemlineError as error:
        return Ordered(job, str(error), "", "", {}, is_here=False)
    folder = order.folder(services.settings, project.ls_project_id)
    shared = order.shared(services.settings, project.ls_project_id)
    kept = {
        name: value
        for name, value in order.arguments().items()
        if name not in ("format", "masks", "version_id", "edge", "pack", "canvas")
    }
    words = [
        MASKS[order.chosen.masks],
        *([f"for {order.style.pack}"] if order.style.pack else []),
        *([f"edge {order.style.edge}"] if order.style.edge is not DEFAULT_STYLE.edge else []),
        *(
            "reviewed" if name == "reviewed" else f"{name.replace('_', ' ')} {value}"
            for name, value in kept.items()
        ),
    ]
    return Ordered(
        job,
        FORMATS[order.format_name][0],
        ", ".join(words),
        str(shared or folder),
        figures(job, shared, folder),
        is_here=shared is not None or folder.is_dir(),
    )


class _Figures:
    """What the summaries of exports say; those that all hosts share are read once for each job."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._again_at = 0.0  # time.monotonic(); a bucket that is away is not asked for each

    def __call__(self, job: Job, shared: SharedExport | None, folder: Path) -> dict[str, Any]:
        if shared is None:
            return _summary(lambda: (folder / SUMMARY).read_bytes())
        if job.state is not JobState.DONE or time.monotonic() < self._again_at:
            return {}
        if job.id not in self._known:
            try:
                self._known[job.id] = _summary(lambda: shared.read(SUMMARY))
            except ArtifactsUnavailable:
                self._again_at = time.monotonic() + _AWAY_S
                return {}
            if len(self._known) > _FIGURES_KEPT:
                self._known.popitem(last=False)
        return self._known.get(job.id, {})


def _summary(read: Callable[[], bytes]) -> dict[str, Any]:
    try:
        found = json.loads(read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
