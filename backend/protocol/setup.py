"""/, /health, /setup and /versions: what Label Studio asks before it asks for a prediction.

A label config that cannot be pre-filled makes /setup answer 422: Label Studio then refuses to
connect, or shows the connected backend in error, with the sentence in the status line. Answering
200 would connect a backend that silently never fills in anything.
"""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from backend.protocol.bodies import read_json
from backend.protocol.projects import NotIntroducedError
from backend.services import BackendServices
from hemline.errors import LabelConfigError
from hemline.labelstudio.messages import SetupRequest, parse_project_key
from hemline.store.loop.projects import get_project
from hemline.store.models.models import list_versions

_LIMIT = 8 * 2**20  # bytes of a label config and what comes with it
_WAIT_S = 1.0  # for others who write; Label Studio gives up after 3 s
_UP = {"status": "UP", "model_class": "Hemline"}


def build(services: BackendServices) -> Blueprint:
    blueprint = Blueprint("protocol", __name__)

    @blueprint.get("/")
    @blueprint.get("/health")
    def health() -> ResponseReturnValue:
        return jsonify(_UP)

    @blueprint.post("/setup")
    def setup() -> ResponseReturnValue:
        message = SetupRequest.parse(read_json(request, limit=_LIMIT))
        if message.project_id is None:
            raise BadRequest('/setup names no project; send Label Studio\'s "project"')
        try:
            project = services.projects.register(
                message.project_id, message.project, message.schema, wait_s=_WAIT_S
            )
        except NotIntroducedError:
            return jsonify({"model_version": None})
        if project.problem:
            raise LabelConfigError(f"project {message.project_id}: {project.problem}")
        if project.config is not None and project.config.takes_clicks:
            services.refiner.open_soon()
        return jsonify({"model_version": services.serving.version(message.project_id)})

    @blueprint.get("/versions")
    def versions() -> ResponseReturnValue:
        """Newest first. Label Studio does not say for which project it asks."""
        wanted = request.args.get("project")
        with services.store.reading() as session:
            project_id = None
            if wanted is not None:
                project = get_project(session, parse_project_key(wanted)[0])
                if project is None:
                    return jsonify({"versions": []})
                project_id = project.id
            rows = list_versions(session, project_id)
        newest = sorted(rows, key=lambda row: row.id, reverse=True)
        return jsonify({"versions": [row.name for row in newest]})

    return blueprint
