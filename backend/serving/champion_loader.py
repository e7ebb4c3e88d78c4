"""The champion that is loaded for each project, kept up to date while requests go on.

A thread of its own asks the store once a second which version is champion, loads a new one, tries
it, and only then puts it in the old one's place. Requests read what is loaded and never wait for
the store.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import structlog

from backend.monitoring.metrics import Metrics
from backend.serving.model_thread import ModelThread
from backend.serving.network_cache import Predictors, QueuedPredictor
from hemline.prefill.prefill import LoadedModel
from hemline.store.database.engine import Store
from hemline.store.loop.models import champion
from hemline.store.loop.projects import list_projects
from hemline.store.tables.loop import ModelVersion, Project

if TYPE_CHECKING:
    from hemline.segmentation.predictor import Predictor

log = structlog.get_logger(__name__)

POLL_S = 1.0
_RETRY_S = 30.0
_WARM_UP_SHAPE = (512, 384, 3)  # a portrait photo; the first prediction is several times slower


@dataclass(frozen=True, slots=True)
class _Loaded:
    version: ModelVersion  # detached: columns only
    labels: tuple[str, ...]  # the network's own words


class Serving:
    """Which model version answers for which project (Label Studio's project id)."""

    def __init__(
        self, store: Store, predictors: Predictors, thread: ModelThread, metrics: Metrics, *,
        ensure_starter: Callable[[Project], object], poll_s: float = POLL_S,
    ) -> None:  # fmt: skip
        self._store = store
        self._predictors = predictors
        self._model_thread = thread
        self._metrics = metrics
        self._ensure_starter = ensure_starter
        self._poll_s = poll_s
        self._changed = threading.Condition()
        self._looking = threading.Lock()
        self._loaded: dict[int, _Loaded] = {}
        self._settled: set[int] = set()  # projects whose state in the store has been acted on
        self._news: Counter[int] = Counter()  # how often a project was new or changed
        self._failed: dict[int, float] = {}  # version id to when it may be tried again
        self._started: dict[tuple[int, str], float] = {}  # the same of a project's starter
        self._missing: set[int] = set()  # projects that have a champion and none of theirs loaded
        self._polled_at: float | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._poller: threading.Thread | None = None

    def start(self) -> None:
        self._poller = threading.Thread(target=self._run, name="serving", daemon=True)
        self._poller.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._poller is not None:
            self._poller.join(timeout=10)

    def version(self, ls_project_id: int) -> str | None:
        """Name of the version that is loaded for the project; None if there is none."""
        loaded = self._loaded.get(ls_project_id)
        return loaded.version.name if loaded else None

    def champion(self, ls_project_id: int, *, urgent: bool) -> LoadedModel | None:
        """The loaded champion; its predictions wait for their turn, urgent ones before others."""
        loaded = self._loaded.get(ls_project_id)
        if loaded is None:
            return None
        version = loaded.version
        predictor = QueuedPredictor(
            version, loaded.labels, self._predictors, self._model_thread, self._metrics,
            urgent=urgent,
        )  # fmt: skip
        return LoadedModel(
            version.id, version.name, tuple(version.labels), cast("Predictor", predictor)
        )

    def wait(self, ls_project_id: int, *, seconds: float) -> None:
        """Until the project's champion is loaded, or it is known that there is none."""
        with self._changed:
            self._changed.wait_for(
                lambda: ls_project_id in self._loaded or ls_project_id in self._settled,
                timeout=seconds,
            )

    def look_again(self, ls_project_id: int) -> None:
        """The project is new or has changed: look at once."""
        with self._changed:
            self._settled.discard(ls_project_id)
            self._news[ls_project_id] += 1
        self._wake.set()

    def problem(self) -> str | None:
        """Why this process is not ready to predict, in one sentence; None when it is."""
        if self._polled_at is None:
            return "the store has not been read yet"
        age = time.monotonic() - self._polled_at
        if age > 5 * self._poll_s + 5:
            return f"the store has not answered for {age:.0f} s; see DATABASE_URL"
        if self._missing:
            names = ", ".join(str(project) for project in sorted(self._missing))
            return f"the champion of project {names} is not loaded; see the log"
        return None

    def look(self) -> None:
        """Reads the champions from the store once and loads what is new."""
        with self._looking:
            with self._changed:
                news = self._news.copy()
            with self._store.reading() as session:
                rows = [(row, champion(session, row.id)) for row in list_projects(session)]
            missing = set()
            for project, version in rows:
                try:
                    version = version or self._start_project(project)
                    if version is not None:
                        self._load(project.ls_project_id, version)
                except Exception:
                    log.exception("project cannot be served", project=project.ls_project_id)
                self._settle(project.ls_project_id, news[project.ls_project_id])
                if version is not None and project.ls_project_id not in self._loaded:
                    missing.add(project.ls_project_id)
            self._missing = missing
            self._polled_at = time.monotonic()

    def _run(self) -> None:
        away = False
        while not self._stopping:
            self._wake.clear()
            try:
                self.look()
                away = False
            except Exception:
                if not away:
                    log.warning("the store does not answer, serving what is loaded", exc_info=True)
                away = True
            self._wake.wait(self._poll_s)

    def _start_project(self, project: Project) -> ModelVersion | None:
        """Gives a new project the starter, if it can have it."""
        key = (project.id, project.label_config)
        if project.problem or self._started.get(key, 0.0) > time.monotonic():
            return None
        self._started[key] = time.monotonic() + _RETRY_S
        self._ensure_starter(project)
        with self._store.reading() as session:
            return champion(session, project.id)

    def _load(self, ls_project_id: int, version: ModelVersion) -> None:
        loaded = self._loaded.get(ls_project_id)
        if loaded is not None and loaded.version.id == version.id:
            return
        if self._failed.get(version.id, 0.0) > time.monotonic():
            return
        try:
            network = self._predictors.get(version)
            blank = np.zeros(_WARM_UP_SHAPE, dtype=np.uint8)
            self._model_thread.run(lambda: network.predict([blank]), urgent=False)
        except Exception:
            self._failed[version.id] = time.monotonic() + _RETRY_S
            self._metrics.load_failures.inc()
            log.exception("champion cannot be loaded", version=version.name)
            return
        self._swap(ls_project_id, loaded, version, network.labels)

    def _swap(
        self, ls_project_id: int, old: _Loaded | None, version: ModelVersion,
        labels: tuple[str, ...],
    ) -> None:  # fmt: skip
        new = _Loaded(version, tuple(labels))
        with self._changed:
            self._loaded[ls_project_id] = new
            self._changed.notify_all()
        if old is not None:
            self._metrics.champion_info.remove(str(ls_project_id), old.version.name)
        self._metrics.champion_info.labels(str(ls_project_id), version.name).set(1)
        log.info("champion loaded", project=ls_project_id, version=version.name)

    def _settle(self, ls_project_id: int, news: int) -> None:
        """What was read has been acted on; unless the project has changed since it was read."""
        with self._changed:
            if self._news[ls_project_id] == news:
                self._settled.add(ls_project_id)
                self._changed.notify_all()
