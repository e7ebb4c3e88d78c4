"""Has Label Studio's own order follow predicted Dice where it matters: at its beginning.

A score is changed in place, one at a time, so that an annotator who has the prediction open keeps
it; so only those are changed that come first, or that are in their way.
"""

import logging

from hemline.errors import LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused
from hemline.store.models.models import champion
from hemline.store.review.label_studio_sync import keep_score, scores_to_change
from hemline.store.tables.loop import Project
from worker.services import Services

log = logging.getLogger(__name__)

_MOST = 300  # scores changed after one ranking


def show_scores(services: Services, project: Project) -> int:
    """Changes scores of the first tasks of Label Studio's order; how many.

    Raises:
        LabelStudioUnavailable: Label Studio does not answer now; what is left waits for the next
            ranking.
    """
    with services.store.reading() as session:
        version = champion(session, project.id)
        if version is None or not services.settings.review_shown:
            return 0
        wanted = {
            prediction.task.ls_task_id: (prediction.id, dice)
            for prediction, dice in scores_to_change(
                session, project.id, version.id, first=services.settings.review_shown, limit=_MOST
            )
        }
    if not wanted:
        return 0
    changed = 0
    for task in services.client.iter_tasks(project.ls_project_id, task_ids=sorted(wanted)):
        prediction_id, dice = wanted.get(int(task["id"]), (0, 0.0))
        for given in task.get("predictions") or []:
            if prediction_id and given.get("model_version") == version.name:
                changed += _change(services, int(given["id"]), prediction_id, dice)
    return changed


def _change(services: Services, ls_prediction_id: int, prediction_id: int, dice: float) -> bool:
    try:
        services.client.update_prediction(ls_prediction_id, score=round(dice, 4))
    except LabelStudioUnavailable:
        raise
    except LabelStudioRefused as error:
        log.info("prediction %d keeps its score in Label Studio: %s", ls_prediction_id, error)
        return False
    with services.store.session() as session:
        keep_score(session, prediction_id, dice)
    return True
