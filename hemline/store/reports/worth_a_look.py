"""Labels worth a second look: so few that at least half of them are expected to be wrong."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hemline.store.states import ReviewKind, ReviewState
from hemline.store.tables.review import ReviewItem

LEAST_RISK = 0.3  # three times the risk of any label; a safer one is not worth a look by itself
WRONG_AMONG = 0.5  # of the labels that are worth a look, expected


@dataclass(frozen=True, slots=True)
class WorthALook:
    """How many open labels are worth a look, how many of them are expected to be wrong, and the
    risk from which they are (1 and more where none is)."""

    number: int
    expected_wrong: float
    least_risk: float


def worth_a_look(session: Session, project_id: int) -> WorthALook:
    """The riskiest open labels of a project, as many as keep their mean risk at a half or above.

    Risks are probabilities, so a mean risk of a half is an expected false-discovery rate of a half
    (Storey 2003, with the risk in place of 1 - local false-discovery rate). Labels of one risk
    belong together. Reads the labels at the top alone.
    """
    risk = ReviewItem.priority
    top = select(risk.label("risk"), func.avg(risk).over(order_by=risk.desc()).label("mean")).where(
        ReviewItem.project_id == project_id,
        ReviewItem.kind == ReviewKind.LABEL,
        ReviewItem.state == ReviewState.OPEN,
        risk >= LEAST_RISK,
    )
    found = top.subquery()
    number, wrong, least = session.execute(
        select(func.count(), func.sum(found.c.risk), func.min(found.c.risk)).where(
            found.c.mean >= WRONG_AMONG
        )
    ).one()
    return WorthALook(number, float(wrong or 0.0), float(least) if number else 2.0)
