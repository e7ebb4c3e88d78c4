"""Snapshots: the same content is the same row, and a manifest says all that a training needs."""

import json
from typing import Any

import pytest

from hemline.errors import ArtifactError
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.columns import utcnow
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import delete_annotations, record_annotation
from hemline.store.loop.splits import assign_split
from hemline.store.loop.tasks import record_photo, upsert_task
from hemline.store.models.snapshots import Manifest, ManifestItem, read_manifest, take_snapshot
from hemline.store.states import Split
from hemline.store.tables.loop import DatasetSnapshot, Project


def _annotate(store: Store, project: Project, number: int, *, split: bool = True) -> None:
    with store.session() as session:
        task = upsert_task(
            session,
            project.id,
            ls_task_id=number,
            data={},
            image_url=f"/{number}.jpg",
            garment=f"G{number}",
            view="Front",
            garment_type="coat",
        )
        record_photo(session, task.id, f"{number:064}", 60, 40)
        if split:
            assign_split(session, task.id, gold_share=0.2, validation_share=0.1)
        record_annotation(
            session,
            project_id=project.id,
            task_id=task.id,
            ls_annotation_id=100 + number,
            mask_digest="b" * 64,
            width=60,
            height=40,
        )


def _take(
    store: Store, artifacts: ArtifactStore, project: Project, *labels: str
) -> DatasetSnapshot:
    with store.session() as session:
        return take_snapshot(session, artifacts, project.id, labels or ("Garment",))


def test_a_manifest_holds_what_was_annotated(
    store: Store, artifacts: ArtifactStore, project: Project
) -> None:
    for number in (3, 1, 2):
        _annotate(store, project, number)
    snapshot = _take(store, artifacts, project)
    assert snapshot.counts == {"gold": 1, "train": 2}
    assert snapshot.labels == ["Garment"]
    manifest = read_manifest(artifacts, snapshot)
    assert [item.task for item in manifest.items] == [1, 2, 3]
    assert manifest.labels == ("Garment",)
    assert manifest.items[2] == ManifestItem(
        task=3,
        annotation=103,
        garment="G3",
        view="Front",
        split=Split.GOLD,
        image_url="/3.jpg",
        image_digest=f"{3:064}",
        mask_digest="b" * 64,
        width=60,
        height=40,
        garment_type="coat",
    )
    assert isinstance(manifest.items[0].split, Split)


def test_the_same_content_is_the_same_row(
    store: Store, artifacts: ArtifactStore, project: Project
) -> None:
    _annotate(store, project, 1)
    first = _take(store, artifacts, project)
    assert _take(store, artifacts, project).id == first.id
    assert _take(store, artifacts, project, "Dress").id != first.id
    _annotate(store, project, 2)
    assert _take(store, artifacts, project).id != first.id
    with store.session() as session:
        delete_annotations(session, project.id, [102], utcnow())
    assert _take(store, artifacts, project).id == first.id


def test_a_task_without_a_split_is_left_out(
    store: Store, artifacts: ArtifactStore, project: Project
) -> None:
    _annotate(store, project, 1)
    _annotate(store, project, 2, split=False)
    manifest = read_manifest(artifacts, _take(store, artifacts, project))
    assert [item.task for item in manifest.items] == [1]


def test_a_project_without_corrections_has_an_empty_snapshot(
    store: Store, artifacts: ArtifactStore, project: Project
) -> None:
    snapshot = _take(store, artifacts, project)
    assert snapshot.counts == {}
    assert read_manifest(artifacts, snapshot) == Manifest(("Garment",), ())


def test_an_old_snapshot_outlives_its_annotations(
    store: Store, artifacts: ArtifactStore, project: Project
) -> None:
    _annotate(store, project, 1)
    snapshot = _take(store, artifacts, project)
    with store.session() as session:
        delete_annotations(session, project.id, [101], utcnow())
    assert len(read_manifest(artifacts, snapshot).items) == 1


def test_a_manifest_from_before_there_were_types_is_still_read(
    store: Store, artifacts: ArtifactStore, project: Project
) -> None:
    _annotate(store, project, 1)
    content = json.loads(artifacts.get(_take(store, artifacts, project).digest))
    del content["items"][0]["garment_type"]
    digest = artifacts.put(json.dumps(content).encode(), "manifest")
    old = DatasetSnapshot(project_id=project.id, digest=digest, labels=[])
    assert [item.garment_type for item in read_manifest(artifacts, old).items] == [""]


@pytest.mark.parametrize(
    "content", [{"items": []}, {"labels": ["a"], "items": [{"task": 1}]}, [], "x"]
)
def test_a_manifest_of_another_kind_is_one_sentence(
    store: Store, artifacts: ArtifactStore, project: Project, content: Any
) -> None:
    digest = artifacts.put(json.dumps(content).encode(), "manifest")
    snapshot = DatasetSnapshot(project_id=project.id, digest=digest, labels=[])
    with pytest.raises(ArtifactError, match="not written by this version"):
        read_manifest(artifacts, snapshot)
