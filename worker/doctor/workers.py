"""Workers that are alive, and the queues that none of them works on."""

from collections.abc import Iterator

from celery import Celery

from hemline.settings import Settings
from hemline.system.queue import QUEUES, configure
from worker.doctor.diagnosis import Diagnosis, fault, healthy, warning

NAME = "worker"
WAY_OUT = "start `hemline worker`"

_ANSWER_WITHIN_S = 2.0
_WORK = {
    "ingest": "corrections",
    "predict": "pre-fills",
    "train": "trainings",
    "export": "exports",
    "housekeeping": "the schedule",
}


def check_workers(settings: Settings) -> Iterator[Diagnosis]:
    """Asks all workers for their queues over the broker."""
    app = Celery("hemline.doctor", broker=settings.broker, set_as_current=False)
    configure(app, socket_timeout_s=_ANSWER_WITHIN_S)
    app.conf.broker_connection_timeout = _ANSWER_WITHIN_S
    try:
        answers = app.control.inspect(timeout=_ANSWER_WITHIN_S).active_queues() or {}
    finally:
        app.close()
    queues = {queue["name"] for answer in answers.values() for queue in answer}
    idle = [name for name in QUEUES if name not in queues]
    if not answers:
        yield fault(NAME, "no worker answers, so corrections and trainings wait", WAY_OUT)
    elif idle:
        waiting = ", ".join(f"{name} ({_WORK[name]})" for name in idle)
        yield warning(
            NAME,
            f"no worker answers for {waiting}",
            "start `hemline worker`, which works on all queues, or see its log",
        )
    else:
        hosts = {name.partition("@")[2] for name in answers}
        where = f"on {len(hosts)} hosts" if len(hosts) > 1 else f"on {hosts.pop()}"
        yield healthy(NAME, f"works on all queues {where}")
