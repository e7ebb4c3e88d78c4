"""The processes of one worker host, and how each is started."""

import signal
import sys
from collections.abc import Sequence

from hemline.settings import Settings
from hemline.store.database.engine import prepare_database
from hemline.store.database.storage_url import check_url
from hemline.system.child_process import ChildProcess
from hemline.system.home import open_home
from hemline.telemetry.record import check_recording
from worker.app import SOFT_SHUTDOWN_S
from worker.host.embedded_redis import EmbeddedRedis
from worker.host.supervisor import Kept, Supervisor
from worker.logs import configure_logging
from worker.training.gpu import visible_gpus

_GRACE_S = SOFT_SHUTDOWN_S + 3.0  # all are down within 8 s
# The backend on the same machine answers people, so it goes first; then what people have saved.
_INGEST_NICE = 5
_NICE = 10


def run_worker(settings: Settings, queues: Sequence[str], *, beat: bool) -> None:
    """Runs Celery workers for the queues, and the schedule, until SIGINT or SIGTERM.

    Raises:
        HemlineError: the database is not usable, the package for HEMLINE_ARTIFACT_URL or for traces
            is not installed, or the embedded Redis does not start.
    """
    configure_logging(settings.log_level)
    open_home(settings)
    check_url(settings.artifacts)
    check_recording(settings)
    prepare_database(settings.database)
    redis = None if settings.redis_url else EmbeddedRedis(settings)
    Supervisor(_processes(settings, queues, beat), redis=redis, grace_s=_GRACE_S).run()


def _processes(settings: Settings, queues: Sequence[str], beat: bool) -> list[Kept]:
    # Corrections are taken in while a reconcile pages through a large project: two at a time.
    together = [name for name in ("ingest", "housekeeping") if name in queues]
    processes = (
        [_celery_worker(settings, together, at_once=2, nice=_INGEST_NICE)] if together else []
    )
    if "predict" in queues:
        processes.append(_celery_worker(settings, ["predict"], nice=_NICE))
    if "export" in queues:  # one at a time, and never before pre-fills or corrections
        processes.append(_celery_worker(settings, ["export"], nice=_NICE))
    if "train" in queues:
        trainings = 1 if settings.device == "cpu" else max(1, len(visible_gpus()))
        processes.append(_celery_worker(settings, ["train"], at_once=trainings))
    if beat:
        schedule = str(settings.home_path / "beat-schedule")
        command = [*_celery(settings, "beat"), "--schedule", schedule, "--pidfile="]
        processes.append(Kept(_child("beat", command, nice=0)))
    return processes


def _celery_worker(
    settings: Settings, queues: Sequence[str], *, at_once: int = 1, nice: int = 0
) -> Kept:
    name = queues[0]
    command = [
        *_celery(settings, "worker"),
        "--queues",
        ",".join(queues),
        "--pool",
        "prefork",
        "--concurrency",
        str(at_once),
        "--hostname",
        f"{name}@%h",
        "--without-gossip",
        "--without-mingle",
    ]
    # SIGQUIT: stop taking tasks, give running ones the soft shutdown's seconds, then end.
    return Kept(_child(f"worker {name}", command, nice=nice), stop_signal=signal.SIGQUIT)


def _celery(settings: Settings, command: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "celery",
        "--quiet",
        "--app",
        "worker.app:app",
        command,
        "--loglevel",
        settings.log_level,
    ]


def _child(name: str, command: Sequence[str], *, nice: int) -> ChildProcess:
    # SIGKILL, since a supervisor that was killed cannot wait: leases and late acknowledgement
    # bring back what the processes were at.
    return ChildProcess(name, command, death_signal=signal.SIGKILL, nice=nice)
