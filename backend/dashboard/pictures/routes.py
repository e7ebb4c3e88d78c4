"""Thumbnails and layers: made once, kept on disk, and by the browser for as long as it likes."""

import logging
import re

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from backend.dashboard.frame import asked_id, known_project
from backend.dashboard.pages.evaluation_items import judged_view
from backend.dashboard.pictures.cache import PictureCache
from backend.dashboard.pictures.picture import MIME_TYPES, Painter, PictureKind
from backend.dashboard.pictures.placeholder import busy_placeholder, placeholder
from backend.dashboard.pictures.specs import picture_spec
from backend.services import BackendServices
from backend.serving.admission import Room
from hemline.errors import HemlineError, StoreUnavailable
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.models.evaluations import find_evaluation
from hemline.store.reports.task_view import TaskView, find_task_view
from hemline.store.tables.loop import Project

log = logging.getLogger(__name__)

# Making one takes a core, and each that waits a thread of those that answer Label Studio.
_AT_ONCE = 2
_WAITING = 2
_WAIT_S = 10.0
_KEY = re.compile(r"[0-9a-f]{64}")
_FOREVER = "private, max-age=31536000, immutable"


def register(blueprint: Blueprint, services: BackendServices) -> None:
    cache = PictureCache(
        services.settings.home_path / "pictures", services.settings.picture_cache_bytes
    )
    painter = _painter(services.settings)
    room = Room(_AT_ONCE, _WAITING)

    @blueprint.get("/<int:project>/picture/<int:task>/<kind>/<key>")
    def picture(project: int, task: int, kind: str, key: str) -> ResponseReturnValue:
        """The picture of `key`, or what it has become since the page was made."""
        if kind not in list(PictureKind) or not _KEY.fullmatch(key):
            abort(404, f"there is no picture of kind '{kind[:40]}' at this address")
        chosen = PictureKind(kind)
        if key in request.if_none_match:
            return _forever(Response(status=304), key)
        data = cache.find(key)
        if data is not None:
            return _forever(Response(data, mimetype=MIME_TYPES[chosen]), key)
        return make(project, task, chosen, key)

    def make(project: int, task: int, kind: PictureKind, key: str) -> Response:
        row = known_project(services, project)
        shown = _asked_view(services, row, task)
        if shown is None:
            return _instead(placeholder(f"Task {task} no longer exists."))
        current = picture_spec(kind, shown)
        with room.place(wait_s=_WAIT_S) as has_place:
            if not has_place:
                return _instead(busy_placeholder())
            try:
                data = cache.get(current.key, lambda: painter.draw(current))
            except (HemlineError, StoreUnavailable) as error:
                return _instead(placeholder(str(error)))
            except Exception:
                log.exception("picture %s of task %d failed", kind, task)
                return _instead(placeholder("This picture could not be drawn; see Hemline's log."))
        answer = Response(data, mimetype=MIME_TYPES[kind])
        return _forever(answer, key) if current.key == key else answer


def _asked_view(services: BackendServices, project: Project, task: int) -> TaskView | None:
    """The task with the label and the mask that the address names; None: they are not stored."""
    with services.store.reading() as session:
        shown = find_task_view(
            session,
            project,
            task,
            annotation_id=asked_id("label"),
            prediction_id=asked_id("prediction"),
        )
        judgement = asked_id("judgement")
        if shown is None or judgement is None:
            return shown
        evaluation = find_evaluation(session, project.id, judgement)
        return judged_view(shown, evaluation, is_champions="champion" in request.args)


def _painter(settings: Settings) -> Painter:
    client = LabelStudioClient(settings.label_studio_url, settings.label_studio_api_key)
    photos = PhotoFetcher(settings, lambda: client)
    return Painter(ArtifactStore(settings.artifacts), photos, settings.max_pixels)


def _forever(answer: Response, key: str) -> Response:
    answer.set_etag(key)
    answer.headers["Cache-Control"] = _FOREVER
    return answer


def _instead(drawn: bytes) -> Response:
    """A drawing that says why there is no picture. The browser asks again the next time."""
    return Response(drawn, mimetype="image/svg+xml")
