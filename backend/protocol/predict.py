"""/predict: masks for the tasks of a request, and answers to clicks on one."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from backend.protocol.bodies import read_json
from backend.protocol.projects import RegisteredProject, UnknownProjectError
from backend.services import BackendServices
from backend.serving.answer import Answer
from hemline.labelstudio.messages import PredictRequest, context_of

_LIMIT = 256 * 2**20  # bytes: hundreds of tasks with all their annotations


def build(services: BackendServices) -> Blueprint:
    blueprint = Blueprint("predict", __name__)

    @blueprint.post("/predict")
    def predict() -> ResponseReturnValue:
        payload = read_json(request, limit=_LIMIT, large=True)
        if context_of(payload) is not None:
            body = services.clicks.answer(payload)
            return Response(body, mimetype="application/json")
        message = PredictRequest.parse(payload)
        if not message.tasks:
            return _response(Answer([]))
        try:
            project = _project(services, message)
        except UnknownProjectError as error:
            # Upstream answers requests without a project, and so do we: without masks.
            return _response(services.predictions.refuse(message.tasks, str(error)))
        answer = services.predictions.answer(project, message.tasks)
        response = _response(answer)
        # The server closes a response once its last byte is out.
        response.call_on_close(answer.close)
        return response

    return blueprint


def _project(services: BackendServices, message: PredictRequest) -> RegisteredProject:
    if message.project_id is None:
        raise UnknownProjectError(
            '/predict names no project, and neither do its tasks; send "project"'
        )
    if message.label_config:
        return services.projects.register(message.project_id, message.project, message.label_config)
    return services.projects.find(message.project_id)


def _response(answer: Answer) -> Response:
    return Response(answer.body, mimetype="application/json")
