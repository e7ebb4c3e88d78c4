"""A project's first model, from what ships: the starter for one label, a mapped one for several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hemline.prefill.label_mapping import LabelMapping, keep_mapping, read_mapping
from hemline.segmentation.mapped_starter import mapped_starter
from hemline.segmentation.model_card import ModelCard, read_card
from hemline.segmentation.starter import starter_path
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import lock_project
from hemline.store.models.models import champion, create_version, newest_starter, promote
from hemline.store.models.succession import promote_by_hand
from hemline.store.tables.loop import ModelVersion

_Classes = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Made:
    classes: dict[str, tuple[str, ...]] | None
    digest: str
    card: ModelCard


class Starters:
    """Gives projects their first model, and another one when what its labels mean was changed."""

    def __init__(self, store: Store, artifacts: ArtifactStore) -> None:
        self._store = store
        self._artifacts = artifacts

    def ensure(self, project_id: int, labels: Sequence[str]) -> None:
        """A champion made of what the labels mean, unless it was trained or is that already.

        A project of several labels of which none means anything to the starter stays without.
        Where another starter was champion, the unlabelled tasks are predicted again.

        Raises:
            ModelError: what ships is missing or was changed.
            StoreError: there is no such project.
        """
        while True:
            with self._store.reading() as session:
                mapping = read_mapping(session, project_id, labels)
                is_due = _is_due(session, project_id, mapping)
            if not is_due:
                return
            made = self._make(mapping.starter_classes)
            if self._crown(project_id, labels, made):
                return

    def _make(self, classes: dict[str, tuple[str, ...]] | None) -> _Made:
        digest = self._artifacts.put(starter_bytes(classes), "weights")
        return _Made(classes, digest, read_card(self._artifacts.local_path(digest)))

    def _crown(self, project_id: int, labels: Sequence[str], made: _Made) -> bool:
        """Whether what was made is what the project needs still, or needs no longer."""
        with self._store.session() as session:
            lock_project(session, project_id)
            mapping = keep_mapping(session, project_id, labels)
            if not _is_due(session, project_id, mapping):
                return True
            if mapping.starter_classes != made.classes:  # somebody changed it meanwhile
                return False
            version = create_version(
                session,
                project_id,
                recipe=made.card.recipe.model_dump(mode="json"),
                labels=labels,
                label_classes=made.classes,
                weights_digest=made.digest,
                code_version=made.card.code_version,
                figures=made.card.figures,
            )
            if champion(session, project_id) is None:
                promote(session, version.id)
            else:
                promote_by_hand(session, version.id)
            return True


def starter_bytes(classes: _Classes | None) -> bytes:
    """The model file of the starter of one label, or of one whose labels are these classes of the
    starter's. For the same classes always the same.

    Raises:
        ModelError: what ships is missing or was changed.
    """
    if classes is None:
        return starter_path().read_bytes()
    return mapped_starter(classes)


def is_starter(version: ModelVersion) -> bool:
    """Whether it is as it shipped: nothing of the project was trained on."""
    return version.snapshot_id is None


def label_classes_of(version: ModelVersion) -> dict[str, tuple[str, ...]] | None:
    """The classes that a starter's labels were made of, in the order of its labels; None: it is
    the starter of one label, or was trained."""
    stored = version.label_classes
    if stored is None:
        return None
    return {label: tuple(stored.get(label, ())) for label in version.labels}


def never_drawn(version: ModelVersion) -> tuple[str, ...]:
    """The labels that a starter of several never draws, since none of its classes is theirs. Where
    it draws none of them, they may be all the same: its masks are no full label of a photo."""
    return tuple(label for label, names in (label_classes_of(version) or {}).items() if not names)


def _is_due(session: Session, project_id: int, mapping: LabelMapping) -> bool:
    """Whether the project needs a starter of this mapping. Not where it has had one: somebody may
    have gone back to the one before."""
    wanted = mapping.starter_classes
    draws_nothing = wanted is not None and mapping.draws_nothing
    current = champion(session, project_id)
    if current is None:
        return not draws_nothing
    newest = newest_starter(session, project_id)
    if not is_starter(current) or newest is None:
        return False
    if newest.label_classes is None and draws_nothing:
        return False  # the garment of the one label that there was is better than nothing
    return label_classes_of(newest) != wanted
