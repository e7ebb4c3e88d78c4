"""A look at all shadows: some are over without a test, and of others labels wait."""

import logging

from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config
from hemline.store.models.models import champion
from hemline.store.shadow.shadow_labels import any_label_to_compare, count_compared_garments
from hemline.store.shadow.shadows import end_shadow, is_given_up, running_shadows
from hemline.store.states import ShadowState
from hemline.store.tables.shadows import Shadow
from worker.services import Services
from worker.training.rivals import can_compete

log = logging.getLogger(__name__)


def watch_shadows(services: Services) -> None:
    """Ends the shadows that are over, and has labels compared where some wait; unless that waits in
    its queue already."""
    with services.store.reading() as session:
        shadows = running_shadows(session)
    work_waits = False
    for shadow in shadows:
        over = is_over(services, shadow)
        if over is None:
            work_waits |= _work_waits(services, shadow)
            continue
        with services.store.session() as session:
            if end_shadow(session, shadow, *over):
                log.info("%s is in shadow no longer: %s", shadow.model_version.name, over[1])
    if work_waits and services.sender.waiting("predict") == 0:
        services.sender.send("worker.shadow", queue="predict")


def is_over(services: Services, shadow: Shadow) -> tuple[ShadowState, str] | None:
    """How a shadow ends that no test decides, and why; None where it goes on."""
    days = services.settings.shadow_days
    with services.store.reading() as session:
        current = champion(session, shadow.project_id)
        has_waited = is_given_up(session, shadow, days=days)
        compared = count_compared_garments(session, shadow.id)
    if current is None or current.id != shadow.champion_id:
        if current is not None and current.id == shadow.model_version_id:
            return ShadowState.PROMOTED, "a person made it champion"
        name = current.name if current is not None else "none"
        return ShadowState.SUPERSEDED, f"the champion is {name} now, not {shadow.champion.name}"
    if services.settings.promotion_by == "gold":
        return ShadowState.GIVEN_UP, "HEMLINE_PROMOTION_BY is 'gold' now"
    if not _has_labels(shadow):
        return ShadowState.GIVEN_UP, "the project has labels now that it does not know"
    if has_waited:
        garments = f"{compared} of {shadow.garments} garments were corrected"
        return ShadowState.GIVEN_UP, f"in {days:g} days {garments}"
    return None


def _work_waits(services: Services, shadow: Shadow) -> bool:
    with services.store.reading() as session:
        if count_compared_garments(session, shadow.id) >= shadow.garments:
            return True  # who compared the last of them did not come to decide
        return any_label_to_compare(session, shadow)


def _has_labels(shadow: Shadow) -> bool:
    """Whether the candidate can pre-fill what the project asks for. One whose label config cannot
    be read now asks for nothing."""
    try:
        labels = parse_label_config(shadow.project.label_config).labels
    except LabelConfigError:
        return True
    return can_compete(shadow.model_version, labels)
