"""What labels mean is stored as it is set, in any letters; and what a starter was made of."""

from hemline.store.database.engine import Store
from hemline.store.models.label_classes import (
    ClassesSet,
    StoredLabelClasses,
    read_label_classes,
    write_label_classes,
)
from hemline.store.models.models import create_version, list_served, newest_starter, promote
from hemline.store.tables.loop import DatasetSnapshot, ModelVersion, Project

CLASSES = {'the "best" 👗': ("dress", "skirt"), "a/b": (), "Hose": ("trousers",)}


def make(store: Store, project: Project, **values: object) -> ModelVersion:
    with store.session() as session:
        return create_version(
            session,
            project.id,
            recipe={},
            labels=list(CLASSES),
            weights_digest="w" * 64,
            code_version="0",
            **values,  # type: ignore[arg-type]
        )


def test_what_is_kept_is_read(store: Store, project: Project) -> None:
    with store.reading() as session:
        assert read_label_classes(session, project.id) == StoredLabelClasses()
    people = {label: ClassesSet(names, "ada") for label, names in CLASSES.items()}
    kept = StoredLabelClasses(people, {"shoe": ("shoes",), "zipper": ()})
    with store.session() as session:
        write_label_classes(session, project.id, kept)
    with store.reading() as session:
        assert read_label_classes(session, project.id) == kept


def test_a_change_is_seen_by_who_serves_the_project(store: Store, project: Project) -> None:
    with store.reading() as session:
        (before,) = list_served(session)
    assert not before.has_label_classes
    assert not before.from_starter
    with store.session() as session:
        write_label_classes(session, project.id, StoredLabelClasses())
    with store.reading() as session:
        (after,) = list_served(session)
    assert after.has_label_classes
    assert after.changed_at > before.changed_at


def test_a_starter_is_told_from_what_was_trained(store: Store, project: Project) -> None:
    first = make(store, project, label_classes=CLASSES)
    second = make(store, project)
    assert first.label_classes == {label: list(names) for label, names in CLASSES.items()}
    assert second.label_classes is None
    with store.session() as session:
        snapshot = DatasetSnapshot(project_id=project.id, digest="d" * 64, labels=list(CLASSES))
        session.add(snapshot)
        session.flush()
        promote(session, second.id)
        (served,) = list_served(session)
        assert served.from_starter
    trained = make(store, project, snapshot_id=snapshot.id)
    with store.session() as session:
        newest = newest_starter(session, project.id)
        assert newest is not None
        assert newest.id == second.id
        promote(session, trained.id)
        (served,) = list_served(session)
        assert not served.from_starter
