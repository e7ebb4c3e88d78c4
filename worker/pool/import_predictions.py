"""New predictions into Label Studio in bulk, in the place of those of older versions."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hemline.errors import ArtifactError, HemlineError, LabelStudioError, LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.not_now import is_later
from hemline.labelstudio.project.config import LabelConfig
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.store.loop.predictions import claim_unsent, return_claims, unsent_predictions
from hemline.store.loop.tasks import clear_task_problems, set_task_problem
from hemline.store.states import ProblemSource
from hemline.store.tables.loop import Prediction, Project
from worker.services import Services

log = logging.getLogger(__name__)

_AT_ONCE = 50

Item = dict[str, Any]


def import_unsent(
    services: Services,
    prefiller: Prefiller,
    model: LoadedModel,
    project: Project,
    config: LabelConfig,
    on_chunk: Callable[[], None],
) -> None:
    """Gives Label Studio each prediction of the version that it never got, for unlabelled tasks.

    What older versions predicted for these tasks is removed first: a task that has any prediction
    is opened with that one. A task that is opened before its import begins asks the backend and
    gets the new mask from there; one that is opened during it gets no second mask.

    Raises:
        LabelStudioUnavailable: Label Studio does not answer now; call again later.
    """
    failed: set[int] = set()
    while chunk := _unsent(services, project, model, failed):
        items = {}
        for prediction in chunk:
            try:
                items[prediction.id] = _item(prefiller, model, config, prediction)
            except HemlineError as error:
                failed.add(prediction.id)
                _mark(services, prediction, error)
        good = [prediction for prediction in chunk if prediction.id in items]
        failed |= _import(services, project, good, items)
        on_chunk()


def _unsent(
    services: Services, project: Project, model: LoadedModel, failed: set[int]
) -> list[Prediction]:
    with services.store.reading() as session:
        unsent = unsent_predictions(session, project.id, model.version_id, _AT_ONCE + len(failed))
    return [prediction for prediction in unsent if prediction.id not in failed][:_AT_ONCE]


def _item(
    prefiller: Prefiller, model: LoadedModel, config: LabelConfig, prediction: Prediction
) -> Item:
    task = prediction.task
    try:
        filled = prefiller.answer(model, config, task, prediction)
    except ArtifactError:  # damaged since: it is predicted again
        ls_task = {"id": task.ls_task_id, "data": task.data}
        filled = prefiller.predict_task(model, task.project_id, config, ls_task)
    return {
        "task": prediction.task.ls_task_id,
        "result": filled.result,
        "score": filled.score,
        "model_version": filled.model_version,
    }


def _import(
    services: Services, project: Project, chunk: Sequence[Prediction], items: dict[int, Item]
) -> set[int]:
    """Ids of the predictions that Label Studio does not take."""
    if not chunk:
        return set()
    ls_ids = [prediction.task.ls_task_id for prediction in chunk]
    try:
        services.client.perform_action(project.ls_project_id, "delete_tasks_predictions", ls_ids)
        with _claimed(services, chunk) as claimed:
            services.client.import_predictions(
                project.ls_project_id, [items[row.id] for row in chunk if row.id in claimed]
            )
    except LabelStudioUnavailable:
        raise
    except LabelStudioError as error:
        if isinstance(error, LabelStudioRefused) and error.status in (401, 403, 404):
            raise
        if len(chunk) == 1:
            _mark(services, chunk[0], error)
            return {chunk[0].id}
        # One bad item (a task deleted meanwhile) fails all that were sent with it.
        middle = len(chunk) // 2
        return _import(services, project, chunk[:middle], items) | _import(
            services, project, chunk[middle:], items
        )
    with services.store.session() as session:
        task_ids = [prediction.task_id for prediction in chunk]
        clear_task_problems(session, task_ids, ProblemSource.SENDING)
    return set()


@contextmanager
def _claimed(services: Services, chunk: Sequence[Prediction]) -> Iterator[set[int]]:
    """Those that the backend did not give out while the old ones were removed, which it does not
    give out now either. A worker that is killed here has sent nothing: the tasks are filled when
    they are opened."""
    with services.store.session() as session:
        claimed = claim_unsent(session, [prediction.id for prediction in chunk])
    try:
        yield claimed
    except BaseException:
        with services.store.session() as session:
            return_claims(session, claimed)
        raise


def _mark(services: Services, prediction: Prediction, error: HemlineError) -> None:
    log.warning("task %d: %s", prediction.task.ls_task_id, error)
    refused = error if isinstance(error, LabelStudioRefused) else None
    with services.store.session() as session:
        set_task_problem(
            session,
            prediction.task_id,
            str(error),
            ProblemSource.SENDING,
            passing=refused is not None and is_later(refused.status),
            after_s=refused.retry_after_s if refused else None,
        )
