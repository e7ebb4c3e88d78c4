"""A project's first model: made of what its labels mean, and made again when that is changed."""

import shutil
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select

from hemline.prefill.label_mapping import change_mapping, read_mapping
from hemline.prefill.starters import (
    Starters,
    is_starter,
    label_classes_of,
    never_drawn,
    starter_bytes,
)
from hemline.segmentation.mapped_starter import mapped_starter
from hemline.segmentation.model_card import read_card
from hemline.segmentation.starter import starter_digest
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.models import champion, create_version, list_versions, promote
from hemline.store.models.succession import promote_by_hand
from hemline.store.tables.loop import DatasetSnapshot, Job, ModelVersion

OUTFIT = ("top", "trousers", "zipper")


class Place:
    """A project, its starters, and a person who sets what its labels mean."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(f"sqlite:///{folder / 'hemline.db'}")
        self.artifacts = ArtifactStore(str(folder / "artifacts"))
        self.starters = Starters(self.store, self.artifacts)
        self.project = self.add(7)

    def add(self, number: int) -> int:
        with self.store.session() as session:
            return upsert_project(session, ls_project_id=number, title="Outfits").id

    def ensure(
        self, labels: Sequence[str] = OUTFIT, project: int | None = None
    ) -> ModelVersion | None:
        self.starters.ensure(project or self.project, labels)
        with self.store.reading() as session:
            return champion(session, project or self.project)

    def set(self, label: str, *names: str, labels: Sequence[str] = OUTFIT) -> None:
        with self.store.session() as session:
            change_mapping(session, self.project, labels, {label: names}, by="ada")

    def numbers(self) -> list[int]:
        with self.store.reading() as session:
            return [version.number for version in list_versions(session, self.project)]

    def jobs(self) -> int:
        with self.store.reading() as session:
            return len(session.scalars(select(Job)).all())

    def train(self) -> ModelVersion:
        """A champion that was trained on corrections."""
        with self.store.session() as session:
            snapshot = DatasetSnapshot(project_id=self.project, digest="d" * 64, labels=[*OUTFIT])
            session.add(snapshot)
            session.flush()
            version = create_version(
                session,
                self.project,
                recipe={},
                labels=OUTFIT,
                weights_digest="w" * 64,
                code_version="0",
                snapshot_id=snapshot.id,
            )
            return promote(session, version.id)


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path) -> Iterator[Place]:
    shutil.copy(sqlite_template, tmp_path / "hemline.db")
    place = Place(tmp_path)
    yield place
    place.store.dispose()


def test_several_labels_begin_with_the_classes_that_they_mean(place: Place) -> None:
    first = place.ensure()
    assert first is not None
    wanted = {"top": ("top",), "trousers": ("trousers",), "zipper": ()}
    assert (first.name, tuple(first.labels)) == ("hemline-7-v1", OUTFIT)
    assert label_classes_of(first) == wanted
    assert never_drawn(first) == ("zipper",)
    assert first.weights_digest == sha256(mapped_starter(wanted)).hexdigest()
    assert read_card(place.artifacts.local_path(first.weights_digest)).labels == OUTFIT
    assert starter_bytes(label_classes_of(first)) == mapped_starter(wanted)
    assert place.jobs() == 0  # tasks are predicted when they are opened, as ever
    place.ensure()
    assert place.numbers() == [1]


def test_projects_of_the_same_labels_share_their_weights(place: Place) -> None:
    first, other = place.ensure(), place.ensure(project=place.add(8))
    assert first is not None
    assert other is not None
    assert first.weights_digest == other.weights_digest
    assert first.id != other.id


def test_one_label_begins_with_the_starter_of_one(place: Place) -> None:
    for label in ("garment", "mask", "dress", "👗"):
        first = place.ensure((label,))
        assert first is not None
        assert first.weights_digest == starter_digest()
        assert (first.label_classes, never_drawn(first)) == (None, ())
    assert place.numbers() == [1]
    place.set("dress", "dress", labels=("dress",))
    second = place.ensure(("dress",))
    assert second is not None
    assert (second.number, label_classes_of(second)) == (2, {"dress": ("dress",)})


def test_labels_that_mean_nothing_begin_without(place: Place) -> None:
    assert place.ensure(("collar", "zipper")) is None
    place.set("zipper", "belt", labels=("collar", "zipper"))
    first = place.ensure(("collar", "zipper"))
    assert first is not None
    assert label_classes_of(first) == {"collar": (), "zipper": ("belt",)}


def test_another_mapping_makes_another_version_and_predicts_the_pool(place: Place) -> None:
    place.ensure()
    place.set("zipper", "outerwear")
    second = place.ensure()
    assert second is not None
    assert second.number == 2
    assert label_classes_of(second) == {
        "top": ("top",),
        "trousers": ("trousers",),
        "zipper": ("outerwear",),
    }
    assert place.jobs() == 1
    place.ensure()
    assert place.numbers() == [1, 2]


def test_another_label_makes_another_version(place: Place) -> None:
    place.ensure()
    assert place.ensure((*OUTFIT, "shoes")) is not None
    assert place.numbers() == [1, 2]
    assert place.ensure(("shoes", *OUTFIT)) is not None  # the order of the labels is no change
    assert place.numbers() == [1, 2]


def test_labels_that_were_all_emptied_are_drawn_no_longer(place: Place) -> None:
    place.ensure()
    for label in OUTFIT:
        place.set(label)
    second = place.ensure()
    assert second is not None
    assert never_drawn(second) == OUTFIT


def test_after_a_training_the_mapping_matters_no_more(place: Place) -> None:
    place.ensure()
    trained = place.train()
    assert not is_starter(trained)
    place.set("zipper", "outerwear")
    now = place.ensure()
    assert now is not None
    assert now.id == trained.id


def test_a_person_who_went_back_is_not_overruled(place: Place) -> None:
    first = place.ensure()
    assert first is not None
    place.set("zipper", "outerwear")
    place.ensure()
    with place.store.session() as session:
        promote_by_hand(session, first.id)
    now = place.ensure()
    assert now is not None
    assert now.id == first.id
    place.set("zipper", "hat")
    third = place.ensure()
    assert third is not None
    assert third.number == 3


def test_a_garment_of_before_is_better_than_labels_that_mean_nothing(place: Place) -> None:
    first = place.ensure(("mask",))
    now = place.ensure(("mask", "zipper"))
    assert now is not None
    assert first is not None
    assert now.id == first.id


def test_a_change_while_the_weights_are_made_is_not_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = place.starters._make

    def interrupted(classes: dict[str, tuple[str, ...]] | None) -> object:
        monkeypatch.setattr(place.starters, "_make", make)
        place.set("zipper", "belt")
        return make(classes)

    monkeypatch.setattr(place.starters, "_make", interrupted)
    first = place.ensure()
    assert first is not None
    assert (first.number, never_drawn(first)) == (1, ())
    with place.store.reading() as session:
        mapping = read_mapping(session, place.project, OUTFIT)
    assert label_classes_of(first) == mapping.starter_classes
