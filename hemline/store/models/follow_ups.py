"""Follow-ups of a promotion by corrections: which a champion has had, and whether one more is worth
its time."""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from hemline.store.database.columns import Json
from hemline.store.states import FOLLOW_UPS, RunState, RunTrigger, Split
from hemline.store.tables.loop import DatasetSnapshot, Evaluation, ModelVersion, TrainingRun

_TRIES = 3  # one after another that gold did not keep
_GROWTH = 2  # times the corrections of the last of these, for one more


def had_follow_up(session: Session, version: ModelVersion, trigger: RunTrigger) -> bool:
    """Whether a champion has no follow-up of this kind to come: it, or the one whose corrections it
    was trained on, had one already; or no run trained it. What was itself trained on pseudo-labels
    or by another follow-up draws no pseudo-labels."""
    made_by = session.scalar(
        select(TrainingRun)
        .where(TrainingRun.model_version_id == version.id)
        .order_by(TrainingRun.id)
        .limit(1)
    )
    if made_by is None:
        return True
    since: int | None = made_by.id
    if made_by.trigger in FOLLOW_UPS:
        if trigger is RunTrigger.PSEUDO_LABELS:
            return True
        since = session.scalar(
            select(func.max(TrainingRun.id))
            .join(ModelVersion, ModelVersion.id == TrainingRun.model_version_id)
            .where(
                TrainingRun.project_id == version.project_id,
                TrainingRun.trigger.not_in(FOLLOW_UPS),
                TrainingRun.id < made_by.id,
                ModelVersion.promoted_at.is_not(None),
            )
        )
    later = exists().where(
        TrainingRun.project_id == version.project_id,
        TrainingRun.trigger == trigger,
        TrainingRun.state != RunState.SUPERSEDED,
        TrainingRun.id > (since or 0),
    )
    return bool(session.scalar(select(later)))


def is_worth_another(
    session: Session, project_id: int, trigger: RunTrigger, corrections: int
) -> bool:
    """Whether the project may have one more follow-up of this kind by itself.

    Always, until three in a row were not promoted; after that each one waits for twice the
    corrections that the last one had. corrections: of those that train, how many this one has.
    """
    last = session.execute(
        select(Evaluation.promoted, DatasetSnapshot.counts)
        .join(TrainingRun, TrainingRun.model_version_id == Evaluation.model_version_id)
        .join(DatasetSnapshot, DatasetSnapshot.id == TrainingRun.snapshot_id)
        .where(TrainingRun.project_id == project_id, TrainingRun.trigger == trigger)
        .order_by(TrainingRun.id.desc())
        .limit(_TRIES)
    ).all()
    if len(last) < _TRIES or any(promoted for promoted, _ in last):
        return True
    _, counts = last[0]
    before: int = counts.get(Split.TRAIN, 0)
    return corrections >= _GROWTH * before


def networks_in_words(recipe: Json) -> str:
    """What a version's recipe makes of its network, for people: "bag of 5", "specialists", or
    nothing where it is one network."""
    if bagging := recipe.get("bagging"):
        return f"bag of {bagging['folds']}"
    return "specialists" if recipe.get("specialists") else ""
