"""/webhook: stored, answered, and only then handed to the worker.

What is answered is in the database, so a crash right after loses nothing; and a broker that is
away neither slows nor fails the answer, since the worker's sweep reads the database too.
"""

import time
from hashlib import sha256
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from backend.background import Reminder
from backend.protocol.auth import BUTTON
from backend.protocol.bodies import read_json
from backend.protocol.delivery_writer import DeliveryWriter, ReceivedDelivery
from backend.services import BackendServices
from hemline.labelstudio.messages import (
    DELETIONS,
    SUBMISSIONS,
    WebhookPayload,
    delivery_digest,
    kept,
    scrub,
)
from hemline.system.people_wait import Crowd, PeopleWait
from hemline.telemetry.deliveries import with_trace

_LIMIT = 16 * 2**20  # bytes of a task and an annotation; what does not fit, reconcile finds
_BUTTON_LIMIT = 2**20
_PROJECT = {"PROJECT_CREATED", "PROJECT_UPDATED", "PROJECT_DELETED"}
_KNOWN = SUBMISSIONS | DELETIONS | _PROJECT | {BUTTON, "TASKS_CREATED", "TASKS_DELETED"}
# These say the same each time they are meant anew: a second press of a button is no repetition.
_REPEATABLE = frozenset({BUTTON, "PROJECT_UPDATED"})
_REPETITION_S = 10.0
_FEW = 8  # at once: what is behind with more is answered before anything is taken in


def build(services: BackendServices) -> Blueprint:
    blueprint = Blueprint("webhook", __name__)
    writer = DeliveryWriter(services.store)
    crowd = Crowd(PeopleWait(services.settings.home_path), few=_FEW)
    ingest = Reminder(services.background, lambda: services.send("worker.ingest", queue="ingest"))

    @blueprint.post("/webhook")
    def webhook() -> ResponseReturnValue:
        with crowd.joined():  # Label Studio answers whoever saves after its webhook was answered
            return answer()

    def answer() -> ResponseReturnValue:
        trusted = services.guard.knows_webhook(request)
        if not trusted and not services.guard.button_is_open:
            raise services.guard.webhook_refusal()
        payload = read_json(request, limit=_LIMIT if trusted else _BUTTON_LIMIT)
        action = payload.get("action")
        if not trusted and action != BUTTON:
            raise services.guard.webhook_refusal()
        if not isinstance(action, str):
            raise BadRequest('the webhook names no "action"; send what Label Studio sends')
        if action not in _KNOWN:
            services.metrics.webhooks.labels("unknown").inc()
            return jsonify({"status": "Unknown event"}), 200
        if action == BUTTON and services.introductions is not None:
            _check_project(services, payload)
        is_new = writer.write(_received(action, scrub(kept(payload))))
        services.metrics.webhooks.labels("stored" if is_new else "repeated").inc()
        ingest.remind()
        return jsonify({"result": {"new": is_new}, "status": "ok"}), 201

    return blueprint


def _check_project(services: BackendServices, payload: dict[str, Any]) -> None:
    """Raises UnknownProjectError: whoever reaches an open backend can send any number."""
    project_id = WebhookPayload.parse(payload).project_id
    if project_id is None:
        raise BadRequest(f'{BUTTON} names no "project"; send what Label Studio sends')
    services.projects.find(project_id)


def _received(action: str, payload: dict[str, Any]) -> ReceivedDelivery:
    project_id = WebhookPayload.parse(payload).project_id
    digest = delivery_digest(payload)
    if action in _REPEATABLE:
        digest = sha256(f"{digest} {time.time() // _REPETITION_S}".encode()).hexdigest()
    return ReceivedDelivery(digest, action, project_id, with_trace(payload))
