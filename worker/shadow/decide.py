"""The decision on a candidate in shadow: the paired test of gold, on what people made of photos.

It is looked at once, when there are as many garments as were set when the shadow began. A test that
is looked at after each garment promotes by chance more often than its level says (Armitage,
McPherson and Rowe, Repeated significance tests on accumulating data, JRSS A 132, 1969).
"""

import logging
from collections.abc import Sequence

from hemline.segmentation.evaluation.judged_photo import PhotoDice
from hemline.segmentation.evaluation.paired_test import Judgement, judge
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.projects import lock_project
from hemline.store.models.models import champion, promote
from hemline.store.shadow.shadow_labels import ComparedLabel, compared_labels
from hemline.store.shadow.shadows import end_shadow
from hemline.store.states import JobKind, ShadowState
from hemline.store.tables.shadows import Shadow
from worker.services import Services

log = logging.getLogger(__name__)


def decide(services: Services, shadow: Shadow) -> None:
    """Promotes or rejects the candidate, all that follows in one transaction.

    Nothing is decided where another champion has come meanwhile, or another worker was first.
    """
    with services.store.session() as session:
        lock_project(session, shadow.project_id)
        current = champion(session, shadow.project_id)
        if current is None or current.id != shadow.champion_id:
            return
        judgement = _judge(services, compared_labels(session, shadow.id))
        state = ShadowState.PROMOTED if judgement.promoted else ShadowState.NOT_PROMOTED
        if not end_shadow(session, shadow, state, judgement.decision, judgement.figures):
            return
        job_id = None
        if judgement.promoted:
            promote(session, shadow.model_version_id)
            job_id = queue_job(session, shadow.project_id, JobKind.PREDICT_POOL, {}).id
    log.info("%s: %s", shadow.model_version.name, judgement.decision)
    if job_id is not None:
        services.sender.send("worker.predict_pool", job_id, queue="predict")


def _judge(services: Services, compared: Sequence[ComparedLabel]) -> Judgement:
    photos = len(compared)
    from_nothing = sum(each.row.from_nothing for each in compared)
    untouched = sum(each.row.untouched for each in compared)
    judgement = judge(
        [_photo(each, each.row.dice, each.row.labels) for each in compared],
        [_photo(each, each.row.champion_dice, each.row.champion_labels) for each in compared],
        level=services.settings.promotion_p,
        garments=(
            f"garments in shadow ({photos} photos, {from_nothing} drawn from nothing, "
            f"{untouched} accepted as they were)"
        ),
    )
    judgement.figures.update(from_nothing=from_nothing, untouched=untouched)
    return judgement


def _photo(compared: ComparedLabel, dice: float | None, labels: dict[str, float]) -> PhotoDice:
    name = f"task-{compared.ls_task_id}"
    return PhotoDice(name, compared.garment, labels, dice if dice is not None else 0.0)
