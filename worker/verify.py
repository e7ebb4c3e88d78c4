"""Finds artifacts that are damaged or gone, and makes again what can be made again."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hemline.errors import ArtifactError, HemlineError, StoreUnavailable
from hemline.labelstudio.answers import objects
from hemline.labelstudio.project.config import parse_label_config
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.prefill.starters import is_starter, label_classes_of, starter_bytes
from hemline.store.loop.predictions import distrust, get_prediction
from hemline.store.models.models import get_version
from hemline.store.reports.artifacts_in_use import (
    ArtifactKind,
    ArtifactUse,
    artifacts_in_use,
    forget_conversion,
)
from hemline.store.review.queries import forget_ranking
from hemline.store.tables.loop import Annotation, Project
from worker.ingest.record_annotation import record_submitted
from worker.ingest.submitted import parse_submitted
from worker.review.rank_job import request_ranking
from worker.services import Services

log = logging.getLogger(__name__)

_FIRST = frozenset({ArtifactKind.WEIGHTS, ArtifactKind.CONVERSION})


@dataclass(frozen=True, slots=True)
class Damage:
    """An artifact that is missing or has other content than was stored.

    use: what it is; None for a file that no row names any more.
    """

    digest: str
    problem: str
    use: ArtifactUse | None


def find_damage(services: Services) -> Iterator[Damage]:
    """Every artifact that a row names and that cannot be read, and every damaged file beside."""
    with services.store.reading() as session:
        uses = list(artifacts_in_use(session))
    problems: dict[str, str | None] = {}
    for use in uses:
        if use.digest not in problems:
            problems[use.digest] = _problem(services, use.digest)
        problem = problems[use.digest]
        if problem is not None:
            yield Damage(use.digest, problem, use)
    for digest in services.artifacts.digests():
        if digest not in problems and (problem := _problem(services, digest)) is not None:
            yield Damage(digest, problem, None)


def in_order_of_repair(found: Iterable[Damage]) -> list[Damage]:
    """What others are made with comes first: pre-fills are predicted with the weights."""
    return sorted(found, key=lambda damage: damage.use is None or damage.use.kind not in _FIRST)


class Repair:
    """Makes damaged artifacts again."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._prefiller = Prefiller(
            services.store, services.artifacts, services.photos, services.settings
        )
        self._models: dict[int, LoadedModel] = {}
        self._repaired: set[str] = set()
        self._ways: dict[ArtifactKind, Callable[[ArtifactUse], str | None]] = {
            ArtifactKind.PREFILL: self._predict_again,
            ArtifactKind.PROBABILITIES: self._predict_again,
            ArtifactKind.CORRECTION: self._fetch_again,
            ArtifactKind.COVERED: self._fetch_again,
            ArtifactKind.WEIGHTS: self._starter_again,
            ArtifactKind.RANKING: self._rank_again,
            ArtifactKind.CONVERSION: self._convert_again,
        }

    def repair(self, damage: Damage) -> str | None:
        """What is left to do, in one sentence; None if it is whole again. Raises nothing: one that
        cannot be made again keeps none of the others from it."""
        try:
            if damage.use is None:
                self._services.artifacts.remove(damage.digest)
                return None
            way = self._ways.get(damage.use.kind)
            if way is None:
                return "restore it from a backup of the artifacts"
            outcome = way(damage.use)
            if outcome is None:
                self._repaired.add(damage.digest)
            return outcome
        except (HemlineError, StoreUnavailable) as error:
            return str(error)
        except Exception as error:
            log.exception("artifact %s is not made again", damage.digest)
            return str(
                HemlineError(
                    f"it cannot be made again ({type(error).__name__}: {error}); see the log, and "
                    "restore it from a backup of the artifacts"
                )
            )

    def remove_replaced(self) -> None:
        """Removes the damaged files of what was made again with other content, once all is done:
        until then another row may need the file."""
        damaged = [one for one in self._repaired if _problem(self._services, one) is not None]
        if not damaged:
            return
        with self._services.store.reading() as session:
            named = {use.digest for use in artifacts_in_use(session)}
        for digest in damaged:
            if digest not in named:
                self._services.artifacts.remove(digest)

    def _predict_again(self, use: ArtifactUse) -> str | None:
        services = self._services
        with services.store.session() as session:
            prediction = get_prediction(session, use.row_id)
            if prediction is None:
                return None
            distrust(session, prediction.id)
        task, version = prediction.task, prediction.model_version
        project = self._project(task.project_id)
        if version.id not in self._models:
            self._models[version.id] = self._prefiller.load(version)
        ls_task = {"id": task.ls_task_id, "data": task.data}
        config = parse_label_config(project.label_config)
        self._prefiller.predict_task(self._models[version.id], project.id, config, ls_task)
        return None

    def _fetch_again(self, use: ArtifactUse) -> str | None:
        services = self._services
        with services.store.reading() as session:
            annotation = session.get_one(Annotation, use.row_id)
            task = annotation.task
        project = self._project(annotation.project_id)
        told = services.client.get_task(project.ls_project_id, task.ls_task_id)
        listed = told.get("annotations") or []
        for values in objects(listed, f"the annotations of task {task.ls_task_id}"):
            if values.get("id") == annotation.ls_annotation_id:
                config = parse_label_config(project.label_config)
                record_submitted(services, project, config, task, parse_submitted(values))
                if _problem(services, use.digest) is None or self._is_replaced(use):
                    return None
        return "Label Studio has no such mask any more; restore it from a backup of the artifacts"

    def _is_replaced(self, use: ArtifactUse) -> bool:
        """Whether the annotation has another mask by now, which is whole, or no covered parts."""
        with self._services.store.reading() as session:
            row = session.get_one(Annotation, use.row_id)
        now = row.mask_digest
        if use.kind is ArtifactKind.COVERED:
            now = row.covered_digest
            if now is None:
                return True
        return now is not None and now != use.digest and _problem(self._services, now) is None

    def _starter_again(self, use: ArtifactUse) -> str | None:
        """Of a version that is as it shipped; what was trained cannot be made again."""
        with self._services.store.reading() as session:
            version = get_version(session, use.row_id)
        if is_starter(version):
            made = starter_bytes(label_classes_of(version))
            if self._services.artifacts.put(made, "weights") == use.digest:
                return None
        return "restore it from a backup of the artifacts, or run `hemline rollback`"

    def _rank_again(self, use: ArtifactUse) -> str | None:
        with self._services.store.session() as session:
            forget_ranking(session, use.row_id)
        request_ranking(self._services, self._project(use.row_id))
        return None

    def _convert_again(self, use: ArtifactUse) -> str | None:
        """The backend does it, when it serves the weights next."""
        with self._services.store.session() as session:
            forget_conversion(session, use.digest)
        self._services.artifacts.remove(use.digest)
        return None

    def _project(self, project_id: int) -> Project:
        with self._services.store.reading() as session:
            return session.get_one(Project, project_id)


def _problem(services: Services, digest: str) -> str | None:
    try:
        services.artifacts.fetch(digest)
    except ArtifactError as error:
        return "missing" if not services.artifacts.exists(digest) else str(error)
    return None
