"""The Celery app: its queues, its schedule, and how it behaves when something dies."""

import ctypes
import signal
import sys
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown

from hemline.settings import Settings, get_settings
from hemline.system.queue import QUEUES, configure
from hemline.telemetry.record import start_recording, stop_recording
from worker.logs import configure_logging
from worker.traces import TracedTask

SOFT_SHUTDOWN_S = 2.0  # a task has this long to end after the worker was asked to stop


def build(settings: Settings) -> Celery:
    """The app of these settings."""
    app = Celery("worker", broker=settings.broker, include=["worker.tasks"], task_cls=TracedTask)
    configure(app)
    app.conf.update(
        # What a dead worker held goes to the next one. The attempts are counted in the store.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_soft_shutdown_timeout=SOFT_SHUTDOWN_S,
        # A Redis that is away for a while stops nothing: work goes on, the connection is retried.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_detect_quorum_queues=False,
        worker_redirect_stdouts=False,
        task_default_queue="housekeeping",
        task_routes={f"worker.{name}": {"queue": queue} for name, queue in _ROUTES.items()},
        beat_schedule=_schedule(settings),
    )
    return app


_ROUTES = {
    "ingest": "ingest",
    "predict_pool": "predict",
    "shadow": "predict",
    "rank": "predict",
    "export": "export",
    "check_channels": "export",
    "signals": "housekeeping",
    "train": "train",
    "improve": "train",
    "sweep": "housekeeping",
    "reconcile": "housekeeping",
    "schedule": "housekeeping",
    "tidy": "housekeeping",
}
_SCHEDULE_CHECK_S = 60.0
_TIDY_EVERY_S = 6 * 3600.0
_CLOCKS_APART_S = 3600.0  # hosts that are further apart get no work from the schedule
_PR_SET_PDEATHSIG = 1


def _schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    every = {
        "sweep": settings.sweep_every_s,
        "reconcile": settings.reconcile_every_s,
        "schedule": _SCHEDULE_CHECK_S,
        "tidy": _TIDY_EVERY_S,
    }
    # Ticks that piled up while no worker was there are dropped by the task itself. Celery compares
    # the clocks of two hosts for "expires", so that it only limits how many there can be.
    return {
        name: {
            "task": f"worker.{name}",
            "schedule": seconds,
            "kwargs": {"every_s": seconds},
            "options": {"expires": seconds + _CLOCKS_APART_S},
        }
        for name, seconds in every.items()
    }


@worker_process_init.connect
def _end_with_the_worker(**_: Any) -> None:
    """A pool process whose worker was killed would otherwise finish its task unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


@worker_process_init.connect
def _record(**_: Any) -> None:
    """In each process of the pool, since the thread that sends spans would not outlive a fork."""
    start_recording(get_settings(), "worker")


@worker_process_shutdown.connect
def _record_no_more(**_: Any) -> None:
    stop_recording()


@setup_logging.connect
def _log_as_we_do(**_: Any) -> None:
    """Instead of a line of Celery's for every task that begins and ends."""
    configure_logging(get_settings().log_level)


# Said of workers that run as root: it is about pickle, and ours take JSON alone.
warnings.filterwarnings("ignore", category=SecurityWarning)
# Said at each lost connection, of a default that is to change; ours is set.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)

app = build(get_settings())

__all__ = ["QUEUES", "app", "build"]
