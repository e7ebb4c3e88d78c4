"""Predicts a project's unlabelled tasks with its champion, and has Label Studio show the masks."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress

from hemline.errors import HemlineError, StoreUnavailable
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.project.live_version import show_version
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.store.loop.attempts import begin_attempt, begun_before, end_attempts
from hemline.store.loop.tasks import (
    count_labelled_to_predict,
    count_tasks_to_predict,
    labelled_to_predict,
    tasks_to_predict,
)
from hemline.store.models.models import champion
from hemline.store.review.signals import expect_labels_anew
from hemline.store.tables.loop import ModelVersion, Task
from hemline.system.people_wait import let_people_go_first
from worker.jobs import JobAtWork, run_job
from worker.pool.import_predictions import import_unsent
from worker.pool.imports_beside import ImportsBeside
from worker.pool.predict_photo import PhotoPredictor, TriedTask
from worker.pool.side_by_side import side_by_side
from worker.services import Services
from worker.training.follow_ups import follow_up

log = logging.getLogger(__name__)

_THREADS = 4  # one is in the network; the others fetch, decode, encode and write files meanwhile
_AHEAD = 4  # photos that wait for a thread, or are done and wait to be stored
_AT_ONCE = 16  # tasks asked for, and begun, in one transaction
_STORED_AT_ONCE = 8  # predictions: what a killed worker does again, with what is at work
_STORED_WITHIN_S = 2.0
_TICK_S = 1.0
_LONGEST_PAUSE_S = 5.0  # before each photo, while somebody waits for a mask

Page = Callable[[int], Sequence[Task]]  # the tasks after the one of this id of Label Studio's


def predict_pool(services: Services, job_id: int) -> None:
    """Works on the job unless somebody else does. It may be called again after any crash.

    While Label Studio or the storage of artifacts is away the job waits, longer each time. A task
    that cannot be predicted is marked and passed over.
    """
    run_job(services, job_id, lambda at_work: _Pool(services, at_work).run())


class _Pool:
    """One job at work: photos by several threads, rows by this one, and imports by another."""

    def __init__(self, services: Services, at_work: JobAtWork) -> None:
        self._services = services
        self._job = at_work.job
        self._at_work = at_work
        self._config = parse_label_config(at_work.job.project.label_config)
        self._prefiller = Prefiller(
            services.store, services.artifacts, services.photos, services.settings
        )
        self._done = at_work.job.done  # by earlier attempts, whose masks are stored
        self._begun: set[str] = set()  # and not ended: counted as deaths if this process dies
        self._suspects: list[Task] = []  # that were at work when a process died

    def run(self) -> None:
        project = self._job.project
        if project.problem:
            raise HemlineError(f"project {project.ls_project_id}: {project.problem}")
        self._services.client.whoami()  # away, or our token is refused: before a task is touched
        self._prefiller.ensure_starter(project.id, self._config)
        version = self._champion()
        if version is None:
            raise HemlineError(
                f"project {project.ls_project_id} has no model yet; correct some tasks and run "
                f"`hemline retrain {project.ls_project_id}`"
            )
        self._prefiller.prepare(version)
        model = self._prefiller.load(version, before_photos=self._let_people_go_first)
        with self._services.store.reading() as session:
            total = count_tasks_to_predict(session, project.id, model.version_id)
            total += count_labelled_to_predict(session, project.id, model.version_id)
        self._at_work.tell(self._done, self._done + total)
        photos = PhotoPredictor(self._services, self._prefiller, model, self._config)
        with self._importing(model) as imports:
            self._predict(model, photos, self._open(model), imports)
        if self._is_champion(model):
            show_version(self._services.client, project.ls_project_id, model.name)
            self._predict(model, photos, self._labelled(model), None)
            self._follow_up(model)

    def _follow_up(self, model: LoadedModel) -> None:
        if not self._is_champion(model):
            return
        try:
            follow_up(self._services, self._job.project.ls_project_id)
        except StoreUnavailable:  # the job comes back when it is there again
            raise
        except Exception:  # the pool is predicted all the same
            log.exception("no follow-up of the promotion was queued")

    def _open(self, model: LoadedModel) -> Page:
        def page(after: int) -> Sequence[Task]:
            with self._services.store.reading() as session:
                return tasks_to_predict(
                    session,
                    self._job.project_id,
                    model.version_id,
                    after_ls_task_id=after,
                    limit=_AT_ONCE,
                )

        return page

    def _labelled(self, model: LoadedModel) -> Page:
        """Labelled tasks are predicted too, for nobody to see: a label is best judged beside what a
        model says that is not the one it was made from."""

        def page(after: int) -> Sequence[Task]:
            with self._services.store.reading() as session:
                return labelled_to_predict(
                    session,
                    self._job.project_id,
                    model.version_id,
                    after_ls_task_id=after,
                    limit=_AT_ONCE,
                )

        return page

    def _champion(self) -> ModelVersion | None:
        with self._services.store.reading() as session:
            return champion(session, self._job.project_id)

    def _is_champion(self, model: LoadedModel) -> bool:
        """After a promotion meanwhile its own job goes on with the new champion."""
        version = self._champion()
        return version is not None and version.id == model.version_id

    def _predict(
        self, model: LoadedModel, photos: PhotoPredictor, page: Page, imports: ImportsBeside | None
    ) -> None:
        """Predicts the photos of all pages, until there is another champion. `imports`: of those
        that people are to see; None: they are labelled."""
        try:
            self._predict_together(model, photos, page, imports)
            for task in self._suspects:
                if not self._is_champion(model):
                    break
                self._store([photos.predict_alone(task)], photos, imports)
        finally:
            self._suspects.clear()
            with suppress(StoreUnavailable), self._services.store.session() as session:
                end_attempts(session, list(self._begun))

    def _predict_together(
        self, model: LoadedModel, photos: PhotoPredictor, page: Page, imports: ImportsBeside | None
    ) -> None:
        tried: list[TriedTask] = []
        oldest = time.monotonic()
        results = side_by_side(
            self._begin_tasks(model, photos, page),
            photos.predict,
            threads=_THREADS,
            ahead=_AHEAD,
            tick_s=_TICK_S,
        )
        with closing(results):
            for result in results:
                if result is not None:
                    oldest = oldest if tried else time.monotonic()
                    tried.append(result)
                is_due = time.monotonic() - oldest > _STORED_WITHIN_S
                if len(tried) >= _STORED_AT_ONCE or (tried and is_due):
                    self._store(tried, photos, imports)
                    tried = []
                self._at_work.tell_now_and_then(self._done)
        self._store(tried, photos, imports)
        self._at_work.tell(self._done)

    def _begin_tasks(
        self, model: LoadedModel, photos: PhotoPredictor, page: Page
    ) -> Iterator[Task]:
        """The tasks of all pages, begun; without those that may have killed a process."""
        after = 0
        while self._is_champion(model) and (tasks := page(after)):
            works = {photos.work_of(task): task for task in tasks}
            with self._services.store.session() as session:
                suspected = begun_before(session, list(works))
                fresh = [work for work in works if work not in suspected]
                for work in fresh:
                    begin_attempt(session, work)
            self._begun.update(fresh)
            self._suspects += [works[work] for work in works if work in suspected]
            yield from (works[work] for work in fresh)
            after = tasks[-1].ls_task_id

    def _store(
        self, tried: Sequence[TriedTask], photos: PhotoPredictor, imports: ImportsBeside | None
    ) -> None:
        """In one transaction, so that what is stored has ended, and what has ended is stored."""
        if not tried:
            return
        ended = {photos.work_of(one.task) for one in tried}
        made = [one.made for one in tried if one.made is not None]
        try:
            with self._services.store.session() as session:
                self._prefiller.new.store(session, made)
                if imports is None:
                    for one in tried:
                        expect_labels_anew(session, one.task.id)
                end_attempts(session, list(ended))
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(tried) > 1:  # one that cannot be stored costs itself alone
                for one in tried:
                    self._store([one], photos, imports)
                return
            made = []
            photos.mark_failed(tried[0].task, error)
        self._begun -= ended
        self._done += len(tried)
        self._at_work.tell_now_and_then(self._done)
        if imports is not None:
            imports.stored(len(made))

    @contextmanager
    def _importing(self, model: LoadedModel) -> Iterator[ImportsBeside]:
        """Imports beside the block, and what is left after it."""

        def work(go_on: Callable[[], None]) -> None:
            import_unsent(
                self._services, self._prefiller, model, self._job.project, self._config, go_on
            )

        imports = ImportsBeside(work)
        try:
            yield imports
            if self._is_champion(model):
                imports.finish(lambda: self._at_work.tell_now_and_then(self._done))
        finally:
            imports.stop()

    def _let_people_go_first(self) -> None:
        let_people_go_first(self._services.settings.home_path, longest_s=_LONGEST_PAUSE_S)
