"""Shadows: candidates that wait for what people make of photos, and how each of them ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer, joinedload

from hemline.store.database.clock import database_now
from hemline.store.database.columns import Json
from hemline.store.loop.projects import lock_project
from hemline.store.models.models import reject
from hemline.store.shadow.shadow_labels import count_compared_garments
from hemline.store.states import ModelState, ShadowState
from hemline.store.tables.loop import Evaluation, ModelVersion
from hemline.store.tables.shadows import Shadow


def begin_shadow(session: Session, evaluation: Evaluation, *, garments: int) -> Shadow:
    """Puts the candidate of an evaluation into shadow, until people have corrected photos of so
    many garments. A candidate of the project that is in shadow already is superseded.

    The evaluation is against a champion, its figures say what was `measured`, and it gets the
    decision when the shadow is over.
    """
    version = session.get_one(ModelVersion, evaluation.model_version_id)
    if evaluation.champion_id is None:
        raise ValueError(f"{version.name} has no champion to be in shadow of")
    lock_project(session, version.project_id)
    before = running_shadow(session, version.project_id)
    if before is not None:
        end_shadow(session, before, ShadowState.SUPERSEDED, f"{version.name} took its place")
    shadow = Shadow(
        project_id=version.project_id,
        model_version_id=version.id,
        champion_id=evaluation.champion_id,
        evaluation_id=evaluation.id,
        garments=garments,
        began_at=database_now(session),
    )
    session.add(shadow)
    session.flush()
    return shadow


def running_shadow(session: Session, project_id: int) -> Shadow | None:
    """The project's shadow that is not over, with candidate, champion and project."""
    return session.scalar(_RUNNING.where(Shadow.project_id == project_id))


def running_shadows(session: Session) -> Sequence[Shadow]:
    """Those of all projects, as `running_shadow`, in one query."""
    return session.scalars(_RUNNING.order_by(Shadow.id)).all()


def end_shadow(
    session: Session,
    shadow: Shadow,
    state: ShadowState,
    why: str,
    figures: Json | None = None,
) -> bool:
    """Ends a shadow and gives its evaluation the decision; False if it was over already.

    A candidate that is not promoted is rejected. Whoever ends it as promoted makes it champion in
    the same transaction.

    why: what ended it, to follow the state in a sentence. Where a test did, it is the test's whole
        decision, and `figures` are what it rests on.
    """
    lock_project(session, shadow.project_id)
    decision = why if figures is not None else f"{_BEGINNINGS[state]}: {why}"
    ended = session.scalar(
        update(Shadow)
        .where(Shadow.id == shadow.id, Shadow.state == ShadowState.RUNNING)
        .values(
            state=state,
            decision=decision,
            figures=figures or {},
            ended_at=database_now(session),
        )
        .returning(Shadow.id)
    )
    if ended is None:
        return False
    evaluation = session.get_one(Evaluation, shadow.evaluation_id)
    evaluation.promoted = state is ShadowState.PROMOTED
    evaluation.decision = f"{decision}; measured before, {evaluation.figures['measured']}"
    if lost := (figures or {}).get("lost"):
        evaluation.figures = {**evaluation.figures, "lost": lost}
    session.flush()
    version = session.get_one(ModelVersion, shadow.model_version_id, populate_existing=True)
    if state is not ShadowState.PROMOTED and version.state is ModelState.CANDIDATE:
        reject(session, version.id)
    return True


@dataclass(frozen=True, slots=True)
class ShadowProgress:
    """A shadow that runs, and for how many of its garments people's labels were compared."""

    shadow: Shadow
    compared: int
    until: datetime

    @property
    def in_words(self) -> str:
        """What waits and for what, as a sentence without its full stop."""
        wanted = self.shadow.garments
        return (
            f"{self.shadow.model_version.name} is in shadow of {self.shadow.champion.name}: "
            f"{self.compared} of {wanted} new garments are corrected; trainings wait until it is "
            f"decided, and it is given up on {self.until:%Y-%m-%d}"
        )


def shadow_progress(session: Session, project_id: int, *, days: float) -> ShadowProgress | None:
    """How far the project's shadow is; None if there is none. days: after which it is given up."""
    shadow = running_shadow(session, project_id)
    if shadow is None:
        return None
    compared = count_compared_garments(session, shadow.id)
    return ShadowProgress(shadow, compared, shadow.began_at + timedelta(days=days))


def is_given_up(session: Session, shadow: Shadow, *, days: float) -> bool:
    """Whether a shadow has waited for so many days."""
    return database_now(session) - shadow.began_at >= timedelta(days=days)


_BEGINNINGS = {
    ShadowState.PROMOTED: "promoted",
    ShadowState.SUPERSEDED: "superseded",
    ShadowState.GIVEN_UP: "given up",
}
_RUNNING = (
    select(Shadow)
    .where(Shadow.state == ShadowState.RUNNING)
    .options(
        joinedload(Shadow.project),
        joinedload(Shadow.champion).options(
            defer(ModelVersion.recipe), defer(ModelVersion.figures)
        ),
        joinedload(Shadow.model_version).options(
            defer(ModelVersion.recipe),
            defer(ModelVersion.figures),
            joinedload(ModelVersion.snapshot),
        ),
    )
)
