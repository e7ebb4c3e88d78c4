"""The champion that is loaded for each project, kept up to date while requests go on.

A thread of its own asks the store once a second which versions are champions, brings new weights
into the form that they are run in, loads and tries them, and only then puts the version in the old
one's place. Weights that projects share are loaded and tried once. Requests read what is loaded and
never wait for the store.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

import numpy as np
import structlog

from backend.monitoring.metrics import Metrics
from backend.serving.model_thread import ModelThread
from backend.serving.network_cache import Predictors, QueuedPredictor
from hemline.errors import HemlineError, StoreUnavailable
from hemline.prefill.prefill import LoadedModel
from hemline.store.database.engine import Store
from hemline.store.models.models import ServedProject, champion, find_versions, list_served
from hemline.store.tables.loop import ModelVersion, Project

if TYPE_CHECKING:
    from hemline.segmentation.predictor import Predictor

log = structlog.get_logger(__name__)

POLL_S = 1.0
_STOP_WAIT_S = 0.5  # one that loads weights ends with the process
_LOOK_UP_S = 0.2
_RETRY_S = 30.0
_FORMS_EVERY_S = 60.0  # looks for a quicker form of what is loaded
_NAMED = 5  # projects in a sentence
_WARM_UP_SHAPE = (512, 384, 3)  # a portrait photo; the first prediction is several times slower


@dataclass(frozen=True, slots=True)
class _Loaded:
    version: ModelVersion  # detached: columns only
    labels: tuple[str, ...]  # the network's own words


class Serving:
    """Which model version answers for which project (Label Studio's project id)."""

    def __init__(
        self,
        store: Store,
        predictors: Predictors,
        thread: ModelThread,
        metrics: Metrics,
        *,
        prepare: Callable[[ModelVersion], object],
        form: Callable[[ModelVersion], str],
        ensure_starter: Callable[[Project], object],
        sure_from: float,
        poll_s: float = POLL_S,
    ) -> None:
        self._store = store
        self._predictors = predictors
        self._model_thread = thread
        self._metrics = metrics
        self._prepare = prepare
        self._form = form
        self._forms: dict[str, str] = {}  # what the network of each digest runs as
        self._forms_read_at = time.monotonic()
        self._ensure_starter = ensure_starter
        self._sure_from = sure_from
        self._poll_s = poll_s
        self._changed = threading.Condition()
        self._looking = threading.Lock()
        self._loaded: dict[int, _Loaded] = {}
        self._tried: dict[str, tuple[str, ...]] = {}  # digests that work, and their networks' words
        self._settled: set[int] = set()  # projects whose state in the store has been acted on
        self._news: Counter[int] = Counter()  # how often a project was new or changed
        self._broken: dict[str, str] = {}  # digest to what is wrong with it
        self._without: dict[int, str] = {}  # projects whose champion cannot be loaded, and why
        self._failed: dict[str, float] = {}  # digest to when it may be tried again
        self._started: dict[int, tuple[datetime, float]] = {}  # projects without, as they were then
        self._mapped: dict[int, datetime] = {}  # projects with a starter, as they were then
        self._missing: set[int] = set()  # projects that have a champion and none of theirs loaded
        self._polled_at: float | None = None
        self._to_load: int | None = None  # champions that the look in progress has before it
        self._is_complete = False  # whether one look has come to its end
        self._wake = threading.Event()
        self._stopping = False
        self._hurried = False
        self._poller: threading.Thread | None = None

    def start(self) -> None:
        self._poller = threading.Thread(target=self._run, name="serving", daemon=True)
        self._poller.start()

    def hurry(self) -> None:
        """The process is asked to end: nobody waits for a champion any more."""
        self._hurried = True

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._poller is not None:
            self._poller.join(timeout=_STOP_WAIT_S)

    def version(self, ls_project_id: int) -> str | None:
        """Name of the version that is loaded for the project; None if there is none."""
        loaded = self._loaded.get(ls_project_id)
        return loaded.version.name if loaded else None

    def why_none(self, ls_project_id: int) -> str:
        """Why the project has no champion loaded, in one sentence."""
        none = f"project {ls_project_id} has no trained model yet"
        return self._without.get(ls_project_id, none)

    def champion(self, ls_project_id: int, *, urgent: bool) -> LoadedModel | None:
        """The loaded champion; its predictions wait for their turn, urgent ones before others, and
        with no look in the mirror where they are sure."""
        loaded = self._loaded.get(ls_project_id)
        if loaded is None:
            return None
        version = loaded.version
        predictor = QueuedPredictor(
            version,
            loaded.labels,
            self._predictors,
            self._model_thread,
            self._metrics,
            urgent=urgent,
            sure_from=self._sure_from if urgent and self._sure_from < 1 else None,
        )
        return LoadedModel(
            version.id, version.name, tuple(version.labels), cast("Predictor", predictor)
        )

    def wait(self, ls_project_id: int, *, seconds: float) -> None:
        """Until the project's champion is loaded, or it is known that there is none."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self._hurried and (left := deadline - time.monotonic()) > 0:
                if ls_project_id in self._loaded or ls_project_id in self._settled:
                    return
                self._changed.wait(min(left, _LOOK_UP_S))

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
        to_load = self._to_load
        if to_load is not None and not self._is_complete:
            return f"the champions of {to_load} projects are still being loaded"
        if to_load is None and age > 5 * self._poll_s + 5:
            return f"the store has not answered for {age:.0f} s; see DATABASE_URL"
        if self._missing:
            missing = sorted(self._missing)
            names = ", ".join(str(project) for project in missing[:_NAMED])
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            return f"the champion of project {names}{more} is not loaded; see the log"
        return None

    def look(self) -> None:
        """Reads the champions from the store once and loads what is new."""
        with self._looking:
            with self._changed:
                news = self._news.copy()
            with self._store.reading() as session:
                projects = list_served(session)
                versions = find_versions(session, self._news_of(projects))
            self._polled_at = time.monotonic()
            try:
                self._act(projects, versions, news)
            finally:
                self._to_load = None
                self._polled_at = time.monotonic()
            self._is_complete = True
            self._take_up_better()

    def _take_up_better(self) -> None:
        """Now and then loads again what has been brought into a quicker form meanwhile."""
        if time.monotonic() < self._forms_read_at + _FORMS_EVERY_S:
            return
        self._forms_read_at = time.monotonic()
        in_use = {each.version.weights_digest: each.version for each in self._loaded.values()}
        for version in in_use.values():
            if self._form(version) != self._forms.get(version.weights_digest):
                self._try(version, again=True)

    def _news_of(self, projects: list[ServedProject]) -> set[int]:
        """Ids of champions that are not the loaded ones."""
        loaded = {ls_id: each.version.id for ls_id, each in self._loaded.items()}
        champions = {each.ls_project_id: each.champion_id for each in projects}
        return {
            version_id
            for ls_id, version_id in champions.items()
            if version_id is not None and version_id != loaded.get(ls_id)
        }

    def _act(
        self,
        projects: list[ServedProject],
        versions: dict[int, ModelVersion],
        news: Counter[int],
    ) -> None:
        """Brings every project up to date: at once where nothing has to be loaded, then the others,
        those of the same weights one after another."""
        missing = set()
        self._to_load = len(versions)
        for project in sorted(projects, key=lambda each: self._turn(each, versions)):
            ls_id = project.ls_project_id
            version = versions.get(project.champion_id or 0)
            has_champion = project.champion_id is not None
            try:
                if not has_champion:
                    version = self._start_project(project)
                    has_champion = version is not None
                else:
                    version = self._map_again(project) or version
                if version is not None:
                    self._load(ls_id, version)
            except Exception:
                log.exception("project cannot be served", project=ls_id)
            self._settle(ls_id, news[ls_id])
            if has_champion and ls_id not in self._loaded:
                missing.add(ls_id)
            self._to_load -= project.champion_id in versions
        self._missing = missing
        in_use = {loaded.version.weights_digest for loaded in self._loaded.values()}
        self._tried = {digest: words for digest, words in self._tried.items() if digest in in_use}

    def _turn(self, project: ServedProject, versions: dict[int, ModelVersion]) -> tuple[int, str]:
        if project.champion_id is None:
            return 1, ""
        version = versions.get(project.champion_id)
        digest = version.weights_digest if version is not None else ""
        return (2, digest) if version is not None and digest not in self._tried else (0, "")

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

    def _start_project(self, project: ServedProject) -> ModelVersion | None:
        """Gives a new project the starter, if it can have it."""
        changed_at, again_at = self._started.get(project.id, (None, 0.0))
        is_same = changed_at == project.changed_at
        if project.has_problem or (is_same and again_at > time.monotonic()):
            return None
        self._started[project.id] = project.changed_at, time.monotonic() + _RETRY_S
        return self._ensure(project)

    def _map_again(self, project: ServedProject) -> ModelVersion | None:
        """Another starter in the place of the project's, where its labels or what they mean have
        changed; None where it is served as it was."""
        known = self._mapped.get(project.id)
        may_differ = project.has_label_classes if known is None else known != project.changed_at
        work = f"starter of {project.id}"
        if not project.from_starter or project.has_problem or not may_differ:
            self._mapped.setdefault(project.id, project.changed_at)
            return None
        if self._failed.get(work, 0.0) > time.monotonic():
            return None
        try:
            version = self._ensure(project)
        except Exception:
            self._failed[work] = time.monotonic() + _RETRY_S
            log.exception("the starter is not changed", project=project.ls_project_id)
            return None
        self._failed.pop(work, None)
        self._mapped[project.id] = project.changed_at
        return version if version is not None and version.id != project.champion_id else None

    def _ensure(self, project: ServedProject) -> ModelVersion | None:
        with self._store.reading() as session:
            row = session.get(Project, project.id)
        if row is None:  # deleted since
            return None
        self._ensure_starter(row)
        with self._store.reading() as session:
            return champion(session, project.id)

    def _load(self, ls_project_id: int, version: ModelVersion) -> None:
        words = self._tried.get(version.weights_digest) or self._try(version)
        self._without.pop(ls_project_id, None)
        if words is None:
            self._without[ls_project_id] = (
                f"the champion '{version.name}' cannot be loaded: "
                f"{self._broken.get(version.weights_digest)}"
            )
        else:
            self._swap(ls_project_id, self._loaded.get(ls_project_id), version, words)

    def _try(self, version: ModelVersion, *, again: bool = False) -> tuple[str, ...] | None:
        """Loads the weights and predicts once with them, and if `again` puts them in the place of
        what is loaded of them. None: they cannot be used for now."""
        digest = version.weights_digest
        if self._failed.get(digest, 0.0) > time.monotonic():
            return None
        try:
            self._prepare(version)
            form = self._form(version)
            network = (self._predictors.load_aside if again else self._predictors.get)(version)
            blank = np.zeros(_WARM_UP_SHAPE, dtype=np.uint8)
            self._model_thread.run(lambda: network.predict([blank]), urgent=False)
            if again:
                self._predictors.replace(version, network)
        except Exception as error:
            self._failed[digest] = time.monotonic() + _RETRY_S
            self._broken[digest] = _why_broken(error)
            self._metrics.load_failures.inc()
            log.exception("champion cannot be loaded", version=version.name)
            return None
        self._failed.pop(digest, None)
        self._broken.pop(digest, None)
        self._forms[digest] = form
        self._tried[digest] = tuple(network.labels)
        return self._tried[digest]

    def _swap(
        self,
        ls_project_id: int,
        old: _Loaded | None,
        version: ModelVersion,
        labels: tuple[str, ...],
    ) -> None:
        new = _Loaded(version, labels)
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
            if ls_project_id not in self._settled and self._news[ls_project_id] == news:
                self._settled.add(ls_project_id)
                self._changed.notify_all()


def _why_broken(error: Exception) -> str:
    """What is wrong with weights that cannot be loaded, and the way out."""
    if isinstance(error, StoreUnavailable):
        return f"{error}; it is tried again every {_RETRY_S:g} s"
    said = str(error) if isinstance(error, HemlineError) else repr(error)
    return f"{said}; `hemline rollback` brings back the version before it"
