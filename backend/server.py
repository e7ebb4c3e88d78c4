"""gunicorn in this process: one worker of many threads, so that a network is in memory once."""

import importlib
import logging
import os
import socket
import sys
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from backend.app import KEY, create_app
from backend.connections import STOP_S, PatientWorker
from backend.logs import configure_logging
from backend.serving.admission import WAITING_PLACES
from hemline.errors import HemlineError
from hemline.segmentation.runtime.choice import preload_runtime
from hemline.settings import Settings
from hemline.system.exposure import open_backend_refusal, refused_webhooks
from hemline.telemetry.record import check_recording, start_recording, stop_recording

log = structlog.get_logger(__name__)

# Threads beside those that /predict may hold, so that /health, /setup and webhooks always find
# one. A connection that sends nothing holds none.
_QUICK_THREADS = 8
_STOP_SERVICES_S = 3  # to tell the worker what is left to it, and close
_SWITCH_S = 0.001  # how soon a thread that computes lets a request in; Python's own is 0.005


class AddressError(HemlineError):
    """The backend's port belongs to another process, or its host to another machine."""


class OpenBackendError(HemlineError):
    """The backend would serve whoever reaches it, beyond this machine."""


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or Ctrl-C, and is down within 8 s: requests in flight answer with what
    they have, and the worker goes on with the rest.

    Raises:
        AddressError, OpenBackendError: before anything is started.
        SettingsError: what records traces is not installed.
    """
    check_recording(settings)
    _check_address(settings.host, settings.port)
    if refusal := open_backend_refusal(settings):
        raise OpenBackendError(refusal)
    # Loading a runtime's libraries holds Python's lock for a second, which no request should meet;
    # and a worker that has to be started again finds them loaded.
    importlib.import_module("hemline.segmentation.predictor")
    preload_runtime(settings.runtime, settings.device)
    configure_logging(settings.log_level)
    if warning := refused_webhooks(settings):
        log.warning(warning)
    _Server(settings).run()


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        chosen: dict[str, Any] = {
            "bind": f"{host}:{self._settings.port}",
            "worker_class": PatientWorker,
            "workers": 1,
            "threads": self._settings.threads + WAITING_PLACES + _QUICK_THREADS,
            "preload_app": False,
            "sendfile": False,  # the kernel would wait for clients without our deadline
            "forwarded_allow_ips": ",".join(self._settings.forwarded_allow_ips),
            "timeout": 120,
            "graceful_timeout": STOP_S + _STOP_SERVICES_S,
            "control_socket_disable": True,
            "logger_class": _Logger,
            "loglevel": self._settings.log_level.lower(),
            "proc_name": "hemline-backend",
            "worker_exit": _stop_services,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        sys.setswitchinterval(_SWITCH_S)
        start_recording(self._settings, "backend")
        app = create_app(self._settings)
        app.extensions[KEY].start()
        return app


class _Logger(Logger):  # type: ignore[misc]
    """gunicorn's messages through our handler."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True
        self.error_log.setLevel(logging.getLogger().level)


def _stop_services(_: Arbiter, worker: Worker) -> None:
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions[KEY].stop()
    stop_recording()
    # All is stored by now. Python would wait for every thread, such as one that waits for a photo.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _check_address(host: str, port: int) -> None:
    """gunicorn would try a busy port five times and then end with a traceback."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise AddressError(
            f"the backend cannot listen on {host}:{port} ({error.strerror}); stop what uses it or "
            "set HOST and PORT"
        ) from error
