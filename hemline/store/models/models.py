"""Model versions: numbered in their project, one of them champion, and the way back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer, joinedload

from hemline.errors import StoreError
from hemline.store.database.clock import database_now
from hemline.store.database.columns import Json
from hemline.store.loop.projects import lock_project
from hemline.store.states import ModelState
from hemline.store.tables.loop import ModelVersion, Project

_AT_ONCE = 500  # ids in one query


def champion(session: Session, project_id: int) -> ModelVersion | None:
    """The version that pre-fills the project's tasks, if there is one yet."""
    return session.scalar(
        select(ModelVersion).where(
            ModelVersion.project_id == project_id, ModelVersion.state == ModelState.CHAMPION
        )
    )


def newest_starter(session: Session, project_id: int) -> ModelVersion | None:
    """The newest of the project's versions that nothing was trained on, if there is one."""
    return session.scalar(
        select(ModelVersion)
        .where(ModelVersion.project_id == project_id, ModelVersion.snapshot_id.is_(None))
        .order_by(ModelVersion.number.desc())
        .limit(1)
    )


@dataclass(frozen=True, slots=True)
class ServedProject:
    """A project as a server of predictions sees it: few columns, for they are read every second."""

    id: int
    ls_project_id: int
    changed_at: datetime
    has_problem: bool
    champion_id: int | None
    from_starter: bool  # the champion is one: what labels mean matters to it
    has_label_classes: bool


def list_served(session: Session) -> list[ServedProject]:
    """Every project with its champion's id, by Label Studio's project id, in one query."""
    champions = (ModelVersion.project_id == Project.id) & (
        ModelVersion.state == ModelState.CHAMPION
    )
    rows = session.execute(
        select(
            Project.id,
            Project.ls_project_id,
            Project.updated_at,
            Project.problem.is_not(None),
            ModelVersion.id,
            ModelVersion.id.is_not(None) & ModelVersion.snapshot_id.is_(None),
            Project.label_classes.is_not(None),
        )
        .outerjoin(ModelVersion, champions)
        .order_by(Project.ls_project_id)
    )
    return [ServedProject(*row) for row in rows]


def find_versions(session: Session, version_ids: Iterable[int]) -> dict[int, ModelVersion]:
    """The versions of those ids, without what is large and serves no prediction."""
    ids = sorted(version_ids)
    found: dict[int, ModelVersion] = {}
    for start in range(0, len(ids), _AT_ONCE):
        statement = (
            select(ModelVersion)
            .where(ModelVersion.id.in_(ids[start : start + _AT_ONCE]))
            .options(defer(ModelVersion.recipe), defer(ModelVersion.figures))
        )
        found |= {version.id: version for version in session.scalars(statement)}
    return found


def create_version(
    session: Session,
    project_id: int,
    *,
    recipe: Json,
    labels: Sequence[str],
    weights_digest: str,
    code_version: str,
    parent_id: int | None = None,
    snapshot_id: int | None = None,
    figures: Json | None = None,
    label_classes: Mapping[str, Sequence[str]] | None = None,
) -> ModelVersion:
    """A new candidate with the project's next number, named `hemline-<Label Studio id>-v<number>`.

    Raises StoreError if there is no such project.
    """
    lock_project(session, project_id)
    number = (
        1
        + session.scalars(
            select(func.coalesce(func.max(ModelVersion.number), 0)).where(
                ModelVersion.project_id == project_id
            )
        ).one()
    )
    ls_project_id = session.scalars(
        select(Project.ls_project_id).where(Project.id == project_id)
    ).one()
    version = ModelVersion(
        project_id=project_id,
        number=number,
        name=f"hemline-{ls_project_id}-v{number}",
        state=ModelState.CANDIDATE,
        recipe=recipe,
        labels=list(labels),
        weights_digest=weights_digest,
        parent_id=parent_id,
        snapshot_id=snapshot_id,
        code_version=code_version,
        figures=figures or {},
    )
    if label_classes is not None:
        version.label_classes = {label: list(names) for label, names in label_classes.items()}
    session.add(version)
    session.flush()
    return version


def promote(session: Session, version_id: int, *, now: datetime | None = None) -> ModelVersion:
    """Makes the version champion and retires the one before; a champion stays as it is.

    Raises StoreError if there is no such version, or its weights were pruned.
    """
    version = get_version(session, version_id)
    lock_project(session, version.project_id)
    session.refresh(version, ["weights_removed_at"])
    if version.weights_removed_at is not None:
        raise StoreError(
            f"the weights of model {version.name} were removed by `hemline prune` on "
            f"{version.weights_removed_at:%Y-%m-%d}; choose another version, or train one with "
            "`hemline retrain`"
        )
    current = champion(session, version.project_id)
    if current is not None and current.id == version_id:
        return current
    return _enthrone(session, version, promoted_at=now or database_now(session))


def reject(session: Session, version_id: int) -> ModelVersion:
    """Marks a candidate as judged and not better. Raises StoreError if it is no candidate."""
    version = get_version(session, version_id)
    rejected = session.scalar(
        update(ModelVersion)
        .where(ModelVersion.id == version_id, ModelVersion.state == ModelState.CANDIDATE)
        .values(state=ModelState.REJECTED)
        .returning(ModelVersion.id)
    )
    if rejected is None:
        raise StoreError(
            f"model {version.name} is {version.state} and cannot be rejected; only a candidate can"
        )
    return version


def rollback(session: Session, project_id: int) -> ModelVersion:
    """Makes the champion before champion again, and retires the present one for good.

    The one that was rolled back from loses its `promoted_at`, so that a later rollback does not
    lead to it. Raises StoreError if no champion came before.
    """
    lock_project(session, project_id)
    before = session.scalar(
        select(ModelVersion)
        .where(
            ModelVersion.project_id == project_id,
            ModelVersion.state == ModelState.RETIRED,
            ModelVersion.promoted_at.is_not(None),
            ModelVersion.weights_removed_at.is_(None),
        )
        .order_by(ModelVersion.promoted_at.desc(), ModelVersion.number.desc())
        .limit(1)
    )
    if before is None:
        raise StoreError(
            f"project {project_id} has no earlier champion; choose a version with "
            "`hemline models` and `hemline promote`"
        )
    session.execute(
        update(ModelVersion)
        .where(ModelVersion.project_id == project_id, ModelVersion.state == ModelState.CHAMPION)
        .values(promoted_at=None)
    )
    return _enthrone(session, before, promoted_at=before.promoted_at)


def list_versions(session: Session, project_id: int | None = None) -> Sequence[ModelVersion]:
    """Versions of one project or of all, oldest first, with project, parent and snapshot."""
    statement = select(ModelVersion).order_by(ModelVersion.project_id, ModelVersion.number)
    if project_id is not None:
        statement = statement.where(ModelVersion.project_id == project_id)
    return session.scalars(statement.options(*_LINEAGE)).all()


def get_version(session: Session, version_id: int) -> ModelVersion:
    """The version of that id, with its lineage. Raises StoreError if there is none."""
    version = session.scalar(
        select(ModelVersion).where(ModelVersion.id == version_id).options(*_LINEAGE)
    )
    if version is None:
        raise StoreError(f"model version {version_id} is not in the store; see `hemline models`")
    return version


def find_version(session: Session, project_id: int, name_or_number: str | int) -> ModelVersion:
    """The version a person means by `hemline-7-v3`, `v3`, `3` or 3. Raises StoreError if none."""
    text = str(name_or_number).strip()
    number = text.removeprefix("v")
    statement = select(ModelVersion).where(ModelVersion.project_id == project_id)
    if number.isdecimal() and len(number) < len(str(2**31)):
        statement = statement.where(ModelVersion.number == int(number))
    else:
        statement = statement.where(ModelVersion.name == text)
    version = session.scalar(statement.options(*_LINEAGE))
    if version is None:
        raise StoreError(f"unknown model {text!r} in this project; see `hemline models`")
    return version


_LINEAGE = (
    joinedload(ModelVersion.project),
    joinedload(ModelVersion.parent),
    joinedload(ModelVersion.snapshot),
)


def _enthrone(
    session: Session, version: ModelVersion, *, promoted_at: datetime | None
) -> ModelVersion:
    """Changes champions; the old one first, since the database allows one champion at a time."""
    session.execute(
        update(ModelVersion)
        .where(
            ModelVersion.project_id == version.project_id,
            ModelVersion.state == ModelState.CHAMPION,
        )
        .values(state=ModelState.RETIRED)
    )
    session.execute(
        update(ModelVersion)
        .where(ModelVersion.id == version.id)
        .values(state=ModelState.CHAMPION, promoted_at=promoted_at)
    )
    session.refresh(version, ["state", "promoted_at"])
    return version
