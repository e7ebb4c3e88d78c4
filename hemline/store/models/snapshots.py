"""Snapshots: what a training saw, as a manifest that names each photo and mask by digest."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hemline.errors import ArtifactError
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.insert import insert_into
from hemline.store.loop.annotations import training_items
from hemline.store.states import Split
from hemline.store.tables.loop import Annotation, DatasetSnapshot, Prediction

PSEUDO_LABELS = "pseudo-labels"  # what a snapshot's counts call them, beside the splits


@dataclass(frozen=True)
class ManifestItem:
    """One photo with its mask. `task` and `annotation` are Label Studio's ids."""

    task: int
    annotation: int | None  # None: a pseudo-label, which nobody corrected
    garment: str
    view: str
    split: Split
    image_url: str
    image_digest: str | None  # None: the photo was never fetched
    mask_digest: str  # class-id PNG
    width: int | None  # of the mask, in pixels
    height: int | None
    garment_type: str = ""  # as the task's data calls it; "" where it does not

    @property
    def is_pseudo_label(self) -> bool:
        return self.annotation is None


@dataclass(frozen=True)
class Manifest:
    """The content of a snapshot: class id k is labels[k - 1]; items by task.

    `teacher` is the version whose masks the pseudo-labels are; empty without any.
    """

    labels: tuple[str, ...]
    items: tuple[ManifestItem, ...]
    teacher: str = ""


def take_snapshot(
    session: Session,
    artifacts: ArtifactStore,
    project_id: int,
    labels: Sequence[str],
    pseudo_labels: Sequence[Prediction] = (),
    teacher: str = "",
) -> DatasetSnapshot:
    """The snapshot of the project's training items as they are now, and of a version's predictions
    as pseudo-labels, whose masks have the same labels.

    The same items and labels give the same row. An item whose task has no split is left out, as
    it may turn out to be gold: call `assign_split` for each task that has a correction.
    """
    items = [
        _item(annotation)
        for annotation in training_items(session, project_id)
        if annotation.task.split is not None
    ]
    counts = Counter(item.split.value for item in items)
    if pseudo_labels:
        counts[PSEUDO_LABELS] = len(pseudo_labels)
        items += [_pseudo_item(prediction) for prediction in pseudo_labels]
    manifest = Manifest(tuple(labels), tuple(sorted(items, key=lambda item: item.task)), teacher)
    digest = artifacts.put(_encode(manifest), "manifest")
    session.execute(
        insert_into(
            session,
            DatasetSnapshot,
            project_id=project_id,
            digest=digest,
            labels=list(labels),
            counts=dict(counts),
        ).on_conflict_do_nothing(index_elements=["project_id", "digest"])
    )
    return session.scalars(
        select(DatasetSnapshot).where(
            DatasetSnapshot.project_id == project_id, DatasetSnapshot.digest == digest
        )
    ).one()


def read_manifest(artifacts: ArtifactStore, snapshot: DatasetSnapshot) -> Manifest:
    """The snapshot's content. Raises ArtifactError if it is missing or broken."""
    data = artifacts.get(snapshot.digest)
    try:
        content = json.loads(data)
        items = (
            ManifestItem(**{**item, "split": Split(item["split"])}) for item in content["items"]
        )
        return Manifest(tuple(content["labels"]), tuple(items), content.get("teacher", ""))
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"manifest {snapshot.digest} was not written by this version of Hemline ({error}); "
            "start another training to take a new snapshot"
        ) from error


def _item(annotation: Annotation) -> ManifestItem:
    task = annotation.task
    assert task.split is not None
    assert annotation.mask_digest is not None
    return ManifestItem(
        task=task.ls_task_id,
        annotation=annotation.ls_annotation_id,
        garment=task.garment,
        view=task.view,
        split=task.split,
        image_url=task.image_url,
        image_digest=task.image_digest,
        mask_digest=annotation.mask_digest,
        width=annotation.width,
        height=annotation.height,
        garment_type=task.garment_type,
    )


def _pseudo_item(prediction: Prediction) -> ManifestItem:
    task = prediction.task
    return ManifestItem(
        task=task.ls_task_id,
        annotation=None,
        garment=task.garment,
        view=task.view,
        split=Split.TRAIN,
        image_url=task.image_url,
        image_digest=prediction.image_digest,
        mask_digest=prediction.mask_digest,
        width=task.width,
        height=task.height,
        garment_type=task.garment_type,
    )


def _encode(manifest: Manifest) -> bytes:
    return json.dumps(
        asdict(manifest), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
