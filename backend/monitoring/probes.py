"""/livez, /readyz and /metrics: for orchestrators and Prometheus."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from backend.monitoring.metrics import CONTENT_TYPE
from backend.services import BackendServices


def build(services: BackendServices) -> Blueprint:
    blueprint = Blueprint("probes", __name__)

    @blueprint.get("/livez")
    def livez() -> ResponseReturnValue:
        """The process answers; restarting it would help nothing that this does not tell."""
        return jsonify({"status": "UP"})

    @blueprint.get("/readyz")
    def readyz() -> ResponseReturnValue:
        """503 while the database is away, nothing can be stored or a champion is not loaded yet.

        A broker that is away is told, and is no reason to send requests elsewhere: predictions
        need none, and webhooks wait in the database.
        """
        problem = services.serving.problem() or services.storage.problem()
        broker = "up" if services.broker.up else "away"
        body = {"status": "DOWN" if problem else "READY", "problem": problem, "broker": broker}
        return jsonify(body), 503 if problem else 200

    @blueprint.get("/metrics")
    def metrics() -> ResponseReturnValue:
        return Response(services.metrics.text(), content_type=CONTENT_TYPE)

    return blueprint
