"""The Flask app: blueprints, auth, errors, logs and metrics around one set of services."""

from flask import Flask, request

from backend.dashboard.blueprint import register_dashboard
from backend.failures import register_failures
from backend.logs import register_request_log
from backend.monitoring import probes
from backend.monitoring.metrics import register_request_metrics
from backend.protocol import predict, webhook
from backend.protocol import setup as protocol
from backend.services import BackendServices, build_services
from backend.traces import register_traces
from hemline.settings import Settings

KEY = "hemline"


def create_app(settings: Settings) -> Flask:
    """The app of these settings. `app.extensions["hemline"].start()` starts its threads."""
    return assemble(build_services(settings))


def assemble(services: BackendServices) -> Flask:
    """An app around services that are already built."""
    app = Flask("backend", static_folder=None)
    app.extensions[KEY] = services
    app.json.sort_keys = False  # type: ignore[attr-defined]
    register_traces(app)
    register_request_log(app)
    register_request_metrics(app, services.metrics)
    register_failures(app)
    app.before_request(lambda: services.guard.check(request))
    for blueprint in (protocol, predict, webhook, probes):
        app.register_blueprint(blueprint.build(services))
    register_dashboard(app, services)
    return app
