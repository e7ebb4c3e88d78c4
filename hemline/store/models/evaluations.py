"""Evaluations: how a version did against the champion of its day, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from hemline.quoting import quoted
from hemline.store.database.columns import Json
from hemline.store.models.models import champion
from hemline.store.states import ModelState
from hemline.store.tables.loop import Evaluation, ModelVersion

_NAMED = 3  # labels in a sentence


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
        labels `labels`, each with its test of a loss, and `lost`, those of a version that is better
        in the mean and was not promoted for them; of the few items that changed most, `mask`
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


@dataclass(frozen=True, slots=True)
class WaitingCandidate:
    """A version that is better than the champion in the mean and loses `lost`, labels by name: a
    person decides."""

    version: ModelVersion
    lost: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """What waits and why, as a sentence without its full stop."""
        named = ", ".join(quoted(label) for label in self.lost[:_NAMED])
        more = f" and {len(self.lost) - _NAMED} more" if len(self.lost) > _NAMED else ""
        return (
            f"{self.version.name} waits for a person: it is better than the champion in the mean, "
            f"but loses {named}{more}"
        )


def waiting_candidate(session: Session, project_id: int) -> WaitingCandidate | None:
    """The project's newest judged version, if it waits for a person.

    It waits until another version is champion than it was judged against, or the next one is
    judged, which has learned from more corrections.
    """
    newest = session.scalar(
        select(Evaluation)
        .join(ModelVersion, ModelVersion.id == Evaluation.model_version_id)
        .where(ModelVersion.project_id == project_id)
        .order_by(Evaluation.id.desc())
        .limit(1)
        .options(joinedload(Evaluation.model_version))
    )
    lost = newest.figures.get("lost") if newest is not None else None
    if newest is None or not lost or newest.champion_id is None:
        return None
    version, current = newest.model_version, champion(session, project_id)
    is_open = version.state is ModelState.REJECTED and version.weights_removed_at is None
    if not is_open or current is None or current.id != newest.champion_id:
        return None
    return WaitingCandidate(version, tuple(lost))
