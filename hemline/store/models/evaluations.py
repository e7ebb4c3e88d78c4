"""Evaluations: how a version did against the champion of its day, and what was decided."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from hemline.store.database.columns import Json
from hemline.store.tables.loop import Evaluation, ModelVersion


def record_evaluation(
    session: Session,
    *,
    model_version_id: int,
    champion_id: int | None,
    snapshot_id: int,
    promoted: bool,
    decision: str,
    figures: Json,
) -> Evaluation:
    """Stores one judgement.

    decision: the decision and its figures in one sentence.
    figures: n, mean_dice, champion_mean_dice, difference, low, high, p, items, and of several
        labels `labels`, each with its test of a loss; of the few items that changed most, `mask`
        and `champion_mask` are digests of the masks compared.
    """
    evaluation = Evaluation(
        model_version_id=model_version_id,
        champion_id=champion_id,
        snapshot_id=snapshot_id,
        promoted=promoted,
        decision=decision,
        figures=figures,
    )
    session.add(evaluation)
    session.flush()
    return evaluation


def evaluations_of(session: Session, model_version_id: int) -> Sequence[Evaluation]:
    """The version's evaluations, newest first, with the champions it was judged against."""
    return session.scalars(
        select(Evaluation)
        .where(Evaluation.model_version_id == model_version_id)
        .order_by(Evaluation.id.desc())
        .options(joinedload(Evaluation.champion))
    ).all()


def find_evaluation(session: Session, project_id: int, evaluation_id: int) -> Evaluation | None:
    """The evaluation of that id, if it is of one of the project's versions."""
    return session.scalar(
        select(Evaluation)
        .join(ModelVersion, ModelVersion.id == Evaluation.model_version_id)
        .where(Evaluation.id == evaluation_id, ModelVersion.project_id == project_id)
    )
