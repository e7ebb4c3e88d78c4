"""The photos and masks of a snapshot as samples, with those left out that cannot be had."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.near_duplicates import Fingerprint, fingerprint, near_pairs
from hemline.datasets.sample import Sample
from hemline.errors import DatasetError, HemlineError, LabelStudioUnavailable, PhotoUnavailable
from hemline.images import decode_image
from hemline.labelstudio.http import LabelStudioRefused
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.outline_band import ignore_outline, narrow_reach
from hemline.masks.renumber import renumber
from hemline.store.models.snapshots import Manifest, ManifestItem
from hemline.store.states import Split
from worker.services import Services

Pixels = NDArray[np.uint8]

_ENOUGH_AWAY = 5  # photos that are away: the rest need not be asked for
_JUDGES = {Split.TRAIN: 0, Split.VALIDATION: 1, Split.GOLD: 2}  # each is judged by those above


class PhotosAway(Exception):
    """Label Studio or another server, which has the photos, does not hand them out now.

    Not a HemlineError: a training leaves out photos that are broken, but must not leave out all
    of them because their server is away. retry_after_s: how long it asks to wait, if it says so.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class SnapshotSamples:
    """Samples by split, those of pseudo-labels, and what was left out as (sample id, why); `lost`
    of the corrections could not be had or read."""

    train: list[Sample] = field(default_factory=list)
    validation: list[Sample] = field(default_factory=list)
    gold: list[Sample] = field(default_factory=list)
    pseudo: list[Sample] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    lost: int = 0

    def of(self, item: ManifestItem) -> list[Sample]:
        """Where a sample of this item belongs."""
        name = "pseudo" if item.is_pseudo_label else item.split.value
        samples: list[Sample] = getattr(self, name)
        return samples


def open_snapshot(
    services: Services,
    manifest: Manifest,
    on_item: Callable[[], None] = lambda: None,
    *,
    wait: bool = True,
) -> SnapshotSamples:
    """Fetches and checks each photo and mask once, and gives the good ones as samples.

    Photos stay in the photo cache, so that later reads of a sample need no network. A photo that
    somebody uploaded twice under two names is two garments, whose splits never change: it is left
    out where it would train what is judged on its copy. Other near-duplicates stay: before one
    wall, every ninth garment of a studio looks like one.

    wait: whether a photo that its server does not hand out now is waited for; if not, it is left
    out as one that is broken.

    Raises:
        PhotosAway: Label Studio does not answer at all; or a photo's server does not, and `wait`.
    """
    data = SnapshotSamples()
    away: list[PhotoUnavailable] = []
    good: list[tuple[Sample, ManifestItem, Fingerprint]] = []
    for item in manifest.items:
        sample = _sample(services, item)
        try:
            image = _first_look(services, sample, wait=wait)
        except PhotoUnavailable as error:
            away.append(error)
            data.left_out.append((sample.id, str(error)))
            if wait and len(away) >= _ENOUGH_AWAY:
                break
        except HemlineError as error:
            data.left_out.append((sample.id, str(error)))
        else:
            good.append((sample, item, fingerprint(image)))
        on_item()
    if away and wait:
        raise PhotosAway(
            f"photos are not available now: {away[0]}",
            retry_after_s=max((error.retry_after_s or 0.0 for error in away), default=None),
        )
    of_pseudo_labels = {_id(item) for item in manifest.items if item.is_pseudo_label}
    data.lost = sum(name not in of_pseudo_labels for name, _ in data.left_out)
    seen_elsewhere = _seen_elsewhere(good)
    for index, (sample, item, _) in enumerate(good):
        if index in seen_elsewhere:
            data.left_out.append((sample.id, seen_elsewhere[index]))
        else:
            data.of(item).append(sample)
    return data


def _seen_elsewhere(good: Sequence[tuple[Sample, ManifestItem, Fingerprint]]) -> dict[int, str]:
    """By its place, each sample whose copy is in a split that judges it, with the sentence."""
    found = {}
    fingerprints = np.array([own for _, _, own in good], dtype=np.float32)
    for pair in near_pairs(fingerprints, copies_only=True):
        less, more = sorted(pair, key=lambda index: _JUDGES[good[index][1].split])
        copy, item, _ = good[more]
        if good[less][1].split is not item.split:
            kept_for = item.split.value
            found[less] = f"it is a copy of the photo of {copy.id}, which is kept for {kept_for}"
    return found


def in_words_of(
    samples: Sequence[Sample], labels: Sequence[str], own: Sequence[str]
) -> list[Sample]:
    """Samples whose class ids are those of a model with the labels `own`, which has all `labels`.

    Both sole labels mean the garment, whatever they are called.
    """
    if list(labels) == list(own):
        return list(samples)
    return [_renumbered(sample, labels, own) for sample in samples]


def _renumbered(sample: Sample, labels: Sequence[str], own: Sequence[str]) -> Sample:
    def load() -> tuple[Pixels, Pixels]:
        image, mask = sample.load()
        return image, renumber(mask, labels, own)

    return replace(sample, load=load)


def _id(item: ManifestItem) -> str:
    return f"task-{item.task}"


def _sample(services: Services, item: ManifestItem) -> Sample:
    return Sample(
        id=_id(item),
        garment=item.garment,
        view=item.view,
        source="label-studio",
        load=lambda: _load(services, item),
        garment_type=item.garment_type,
    )


def _first_look(services: Services, sample: Sample, *, wait: bool) -> Pixels:
    """The photo. What Label Studio fails to answer for it alone is for another time or, if nobody
    waits, like one that any server does not hand out."""
    try:
        image, _ = sample.load()
    except PhotosAway as error:
        if wait or not services.client.answers():
            raise
        raise PhotoUnavailable(str(error)) from error
    return image


def _load(services: Services, item: ManifestItem) -> tuple[Pixels, Pixels]:
    try:
        photo = services.photos.fetch(item.image_url, task_id=item.task)
    except (LabelStudioUnavailable, LabelStudioRefused) as error:
        raise PhotosAway(str(error), retry_after_s=error.retry_after_s) from error
    if item.image_digest is not None and photo.digest != item.image_digest:
        raise DatasetError(
            f"photo '{photo.name}' of task {item.task} is not the one that its mask was drawn on"
        )
    image = decode_image(photo.data, name=photo.name, max_pixels=services.settings.max_pixels)
    mask = decode_class_mask(services.artifacts.get(item.mask_digest))
    if mask.shape != image.shape[:2]:
        raise DatasetError(
            f"the mask of task {item.task} is {mask.shape[1]} x {mask.shape[0]} px, its photo "
            f"{image.shape[1]} x {image.shape[0]} px; correct it again"
        )
    return image, ignore_outline(mask, narrow_reach(mask)) if item.is_pseudo_label else mask
