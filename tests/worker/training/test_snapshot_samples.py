"""A snapshot as samples: a photo uploaded twice never trains what is judged on its copy."""

import io

import pytest
from PIL import Image

from hemline.errors import DatasetError, LabelStudioUnavailable, PhotoUnavailable
from hemline.labelstudio.photos.photos import Photo
from hemline.masks.codecs.png import encode_class_mask
from hemline.store.models.snapshots import Manifest, ManifestItem
from hemline.store.states import Split
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio, Fault
from worker.services import Services
from worker.training.candidate import _check_lost
from worker.training.snapshot_samples import PhotosAway, SnapshotSamples, open_snapshot


def item(services: Services, task: int, number: int, split: Split) -> ManifestItem:
    """A correction of a task whose photo is a disc."""
    digest = services.artifacts.put(encode_class_mask(disc(number)[1]), "mask")
    return ManifestItem(
        task, 100 + task, f"G{task}", "", split, f"/data/upload/7/{task}.jpg", None, digest, 64, 64
    )


@pytest.fixture
def manifest(services: Services, fake: FakeLabelStudio) -> Manifest:
    """Four photos, the last three stored anew under other names in other splits."""
    shown = [
        (0, Split.GOLD),
        (1, Split.TRAIN),
        (2, Split.TRAIN),
        (3, Split.VALIDATION),
        (1, Split.VALIDATION),
        (0, Split.TRAIN),
        (2, Split.TRAIN),
    ]
    items = []
    for task, (number, split) in enumerate(shown, start=1):
        file = io.BytesIO()
        Image.fromarray(disc(number)[0]).resize((128, 128)).resize((64, 64)).save(
            file, "JPEG", quality=96 - 2 * task
        )
        fake.files[f"/data/upload/7/{task}.jpg"] = file.getvalue()
        items.append(item(services, task, number, split))
    return Manifest(("garment",), tuple(items))


def test_copies_are_left_out_where_they_would_be_judged(
    services: Services, manifest: Manifest
) -> None:
    data = open_snapshot(services, manifest)
    assert [sample.id for sample in data.gold] == ["task-1"]
    assert [sample.id for sample in data.validation] == ["task-4", "task-5"]
    assert [sample.id for sample in data.train] == ["task-3", "task-7"]
    assert dict(data.left_out) == {
        "task-2": "it is a copy of the photo of task-5, which is kept for validation",
        "task-6": "it is a copy of the photo of task-1, which is kept for gold",
    }


def test_photos_that_are_not_handed_out_now_are_waited_for(
    services: Services, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = services.photos.fetch

    def away(url: str, *, task_id: int | None = None) -> Photo:
        if task_id in (3, 4):
            raise PhotoUnavailable("photo 'x.jpg': HTTP 503", retry_after_s=70.0)
        return fetch(url, task_id=task_id)

    monkeypatch.setattr(services.photos, "fetch", away)
    with pytest.raises(PhotosAway, match=r"x\.jpg") as caught:
        open_snapshot(services, manifest)
    assert caught.value.retry_after_s == 70.0
    data = open_snapshot(services, manifest, wait=False)
    assert (data.lost, len(data.left_out)) == (2, 4)


@pytest.mark.parametrize(
    "fault",
    [None, (200, "image/png", b"half", {"Content-Length": "100"})],
    ids=["hangs up", "short"],
)
def test_a_photo_that_breaks_off_is_not_waited_for_for_ever(
    services: Services, fake: FakeLabelStudio, manifest: Manifest, fault: Fault
) -> None:
    task = manifest.items[2]
    fake.faults = [(task.image_url, fault)]
    with pytest.raises(PhotosAway, match="broke off"):
        open_snapshot(services, manifest)
    data = open_snapshot(services, manifest, wait=False)
    assert [name for name, why in data.left_out if "broke off" in why] == [f"task-{task.task}"]


def test_a_photo_without_an_answer_is_left_out_where_label_studio_has_others(
    services: Services,
    fake: FakeLabelStudio,
    manifest: Manifest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch = services.photos.fetch

    def away(url: str, *, task_id: int | None = None) -> Photo:
        if task_id == 3:
            raise LabelStudioUnavailable("Label Studio cannot be reached")
        return fetch(url, task_id=task_id)

    monkeypatch.setattr(services.photos, "fetch", away)
    assert "task-3" in dict(open_snapshot(services, manifest, wait=False).left_out)
    fake.stop()
    with pytest.raises(PhotosAway, match="cannot be reached"):
        open_snapshot(services, manifest, wait=False)


def test_a_training_that_lost_too_many_photos_says_so(services: Services) -> None:
    lost = [(f"task-{number}", "it is gone") for number in range(3)]
    _check_lost(services, SnapshotSamples(left_out=lost, lost=3), 15)
    with pytest.raises(DatasetError, match=r"3 of 14 photos .* HEMLINE_LOST_PHOTOS.*task-0: it is"):
        _check_lost(services, SnapshotSamples(left_out=lost, lost=3), 14)
