"""One photo of the pool: predicted, or its task is marked with why not. For several threads."""

import logging
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from hemline.errors import (
    ArtifactsUnavailable,
    HemlineError,
    LabelStudioUnavailable,
    PhotoUnavailable,
    StoreUnavailable,
)
from hemline.images import content_digest
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import LabelConfig
from hemline.prefill.new_predictions import NewPrediction
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.store.loop.tasks import set_task_problem
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import Task
from worker.attempts import KillsItsProcess, counted
from worker.services import Services

log = logging.getLogger(__name__)

_SILENT_AFTER = 5  # photos in a row without an answer: the host is away
_WAY_OUT = "replace the photo"


@dataclass(frozen=True, slots=True)
class TriedTask:
    """A task that is done with for now; `made` is None where its photo was not predicted."""

    task: Task
    made: NewPrediction | None = None


class PhotoPredictor:
    """Predicts photos of tasks. What stops all of them is raised: Label Studio, the database or the
    storage of artifacts is away. What is wrong with one is marked on its task."""

    def __init__(
        self, services: Services, prefiller: Prefiller, model: LoadedModel, config: LabelConfig
    ) -> None:
        self._services = services
        self._prefiller = prefiller
        self._model = model
        self._config = config
        self._lock = threading.Lock()
        self._silent: dict[str, int] = {}  # host: photos in a row that it did not answer for

    def work_of(self, task: Task) -> str:
        """What is counted as begun before the photo is predicted, and ended after."""
        photo = content_digest(task.image_url.encode())[:16]
        return f"prediction/{task.id}/{self._model.version_id}/{photo}"

    def predict_alone(self, task: Task) -> TriedTask:
        """As `predict`, of a photo that was at work when a process died: it may have been the
        cause."""
        try:
            with counted(self._services, self.work_of(task), way_out=_WAY_OUT):
                return self.predict(task)
        except KillsItsProcess as error:
            log.error("task %d: %s", task.ls_task_id, error)
            self._mark(task, str(error), ProblemSource.PREFILL)
            return TriedTask(task)

    def predict(self, task: Task) -> TriedTask:
        """Predicts the photo of a task."""
        host = _host(task.image_url)
        if self._is_silent(host):
            problem = (
                f"its photo was not fetched, because {host or 'Label Studio'} did not answer for "
                f"{_SILENT_AFTER} others; it will be tried again within a minute"
            )
            self._mark(task, problem, ProblemSource.PHOTO, passing=True)
            return TriedTask(task)
        try:
            task = self._prefiller.known(self._config, task)
            made = self._prefiller.new.make(self._model, self._config, task)
            self._heard(host, answered=True)
            return TriedTask(task, made)
        except PhotoUnavailable as error:
            log.warning("task %d is put off: %s", task.ls_task_id, error)
            self._heard(host, answered=not error.no_answer)
        except (
            LabelStudioUnavailable,
            LabelStudioRefused,
            ArtifactsUnavailable,
            StoreUnavailable,
        ):
            raise
        except HemlineError as error:
            log.warning("task %d is left out: %s", task.ls_task_id, error)
        except Exception as error:
            self.mark_failed(task, error)
        return TriedTask(task)

    def mark_failed(self, task: Task, error: Exception) -> None:
        """Marks a task whose prediction failed in a way that nobody has thought of."""
        log.error("task %d failed", task.ls_task_id, exc_info=error)
        self._mark(task, f"prediction failed: {error!r}", ProblemSource.PREFILL)

    def _is_silent(self, host: str) -> bool:
        with self._lock:
            return self._silent.get(host, 0) >= _SILENT_AFTER

    def _heard(self, host: str, *, answered: bool) -> None:
        with self._lock:
            self._silent[host] = 0 if answered else self._silent.get(host, 0) + 1

    def _mark(
        self, task: Task, problem: str, source: ProblemSource, *, passing: bool = False
    ) -> None:
        with self._services.store.session() as session:
            set_task_problem(session, task.id, problem, source, passing=passing)


def _host(image_url: str) -> str:
    """Where the photo is asked for; empty for Label Studio's own."""
    try:
        return urlsplit(image_url).netloc
    except ValueError:
        return ""
