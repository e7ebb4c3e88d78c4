"""Works on a job under its lease: taken once, put off while something is away, and ended."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from hemline.errors import ArtifactsUnavailable, HemlineError, LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused
from hemline.store.database.clock import database_now
from hemline.store.loop.jobs import (
    acquire_job,
    fail_job,
    finish_job,
    get_job,
    postpone_job,
    progress_job,
)
from hemline.store.tables.loop import Job
from worker.lease import new_owner
from worker.services import Services

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5  # that died without getting any further
_SHORTEST_WAIT_S = 5.0
_LONGEST_WAIT_S = 60.0  # so that work goes on within two minutes of Label Studio's return


class JobLost(Exception):
    """Another worker has the job now."""


class JobAtWork:
    """A job that this process has the lease of; `tell` renews it."""

    def __init__(self, services: Services, job: Job, owner: str) -> None:
        self.job = job
        self._services = services
        self._owner = owner
        self._done = 0
        self._total = 0
        self._renewed = time.monotonic()

    def tell(self, done: int | None = None, total: int | None = None) -> None:
        """Stores how far the job is and renews the lease. Raises JobLost if another has it."""
        self._done = self._done if done is None else done
        self._total = max(self._done, self._total if total is None else total)
        with self._services.store.session() as session:
            held = progress_job(
                session,
                self.job.id,
                self._owner,
                self._services.settings.lease_s,
                self._done,
                self._total,
            )
        if not held:
            raise JobLost
        self._renewed = time.monotonic()

    def stay(self) -> None:
        """Renews the lease when a good part of it has gone by."""
        self.tell_now_and_then(self._done)

    def tell_now_and_then(self, done: int) -> None:
        """As `tell`, but writes only when a good part of the lease has gone by."""
        self._done = done
        if time.monotonic() - self._renewed > self._services.settings.lease_s / 10:
            self.tell()


def run_job(services: Services, job_id: int, work: Callable[[JobAtWork], None]) -> None:
    """Works on the job unless somebody else does. It may be called again after any crash.

    While Label Studio or the storage of artifacts is away the job waits, longer each time.
    """
    owner = new_owner()
    with services.store.session() as session:
        if not acquire_job(session, job_id, owner, services.settings.lease_s):
            return
        job = get_job(session, job_id)
    try:
        if job.attempts > MAX_ATTEMPTS:
            raise HemlineError(
                f"given up after {MAX_ATTEMPTS} attempts that got no further; see the worker's log"
            )
        work(JobAtWork(services, job, owner))
        with services.store.session() as session:
            finish_job(session, job_id, owner)
    except JobLost:
        log.warning("job %d was taken over by another worker", job_id)
    except (LabelStudioUnavailable, LabelStudioRefused, ArtifactsUnavailable) as error:
        with services.store.session() as session:
            age = database_now(session) - job.created_at
            delay_s = max(_wait_s(age), error.retry_after_s or 0.0)
            log.warning("job %d waits %.0f s: %s", job_id, delay_s, error)
            postpone_job(session, job_id, owner, str(error), delay_s=delay_s)
    except HemlineError as error:
        log.error("job %d failed: %s", job_id, error)
        with services.store.session() as session:
            fail_job(session, job_id, owner, str(error))


def _wait_s(age: timedelta) -> float:
    """A quarter of how long the job has existed: retries become rarer the longer it takes."""
    return min(_LONGEST_WAIT_S, max(_SHORTEST_WAIT_S, age.total_seconds() / 4))
