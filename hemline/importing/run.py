"""Masks into a Label Studio project, each once, however often it is run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.errors import HemlineError, LabelStudioError, MaskError
from hemline.export.names import safe_stem
from hemline.images import image_size
from hemline.importing.offered import OfferedMask
from hemline.labelstudio.client import LabelStudioClient
from hemline.labelstudio.photos.photos import PhotoFetcher
from hemline.labelstudio.project.config import LabelConfig
from hemline.labelstudio.regions import mask_to_regions
from hemline.labelstudio.task_data import find_field
from hemline.masks.parts import RegionsPer

MODEL_VERSION = "imported"
_AT_ONCE = 20  # tasks that are held with all that they have

Json = dict[str, Any]


class ImportAs(StrEnum):
    """What masks become in Label Studio."""

    ANNOTATIONS = "annotations"
    PREDICTIONS = "predictions"


@dataclass(slots=True)
class ImportSummary:
    """How an import ended: masks brought in now, those that were there already, and the others by
    name with why they were skipped."""

    brought: int = 0
    already: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """The project that masks are brought into."""

    client: LabelStudioClient
    photos: PhotoFetcher
    project_id: int
    config: LabelConfig
    max_pixels: int
    per: RegionsPer = RegionsPer.LABEL  # what is one region


def run_import(
    target: Target,
    offered: Sequence[OfferedMask],
    kind: ImportAs = ImportAs.ANNOTATIONS,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportSummary:
    """Brings each mask to the task whose photo has its name.

    A mask that is there already is left as it is, so that an import that was stopped can be run
    again. A mask whose photo is unknown, of another size or shared by several tasks is skipped
    and named; so is one whose task has another annotation, where masks become annotations.

    Raises:
        LabelStudioError: Label Studio is away, or refuses the token or a mask.
    """
    summary = ImportSummary()
    by_task = _match(target, offered, summary)
    total = len(offered)
    on_progress(total - len(by_task), total)
    done = total - len(by_task)
    task_ids = list(by_task)
    for start in range(0, len(task_ids), _AT_ONCE):
        ids = task_ids[start : start + _AT_ONCE]
        made: list[Json] = []
        for task in target.client.iter_tasks(target.project_id, task_ids=ids):
            offer = by_task[int(task["id"])]
            try:
                made.extend(_one(target, task, offer, kind, summary))
            except LabelStudioError:
                raise
            except HemlineError as error:
                summary.skipped.append((offer.name, str(error)))
            done += 1
            on_progress(done, total)
        if made:
            summary.brought += target.client.import_predictions(target.project_id, made)
    return summary


def _match(
    target: Target, offered: Sequence[OfferedMask], summary: ImportSummary
) -> dict[int, OfferedMask]:
    """The mask of each task, by its id, in the order of ids; the other masks become skipped."""
    tasks: dict[str, list[int]] = {}
    for task in target.client.iter_tasks(target.project_id, full=False):
        address = find_field(task.get("data") or {}, target.config.data_key)
        if isinstance(address, str):
            tasks.setdefault(safe_stem(address).casefold(), []).append(int(task["id"]))
    matched: dict[int, OfferedMask] = {}
    for offer in offered:
        found = tasks.get(safe_stem(f"{offer.name}.png").casefold(), [])
        if not found:
            why = f"project {target.project_id} has no photo '{offer.name}'; rename the mask"
        elif len(found) > 1:
            listed = ", ".join(map(str, found[:5]))
            why = f"the tasks {listed} all have a photo '{offer.name}'; rename photos and masks"
        elif found[0] in matched:
            why = f"another mask is for the photo of task {found[0]} too; remove one"
        else:
            matched[found[0]] = offer
            continue
        summary.skipped.append((offer.name, why))
    return dict(sorted(matched.items()))


def _one(
    target: Target, task: Json, offer: OfferedMask, kind: ImportAs, summary: ImportSummary
) -> Iterator[Json]:
    """Brings one mask in; yields it where it is to be a prediction, for those go in bulk."""
    mask = offer.read()
    _check_size(target, task, mask, offer.name)
    regions = _regions(target, task, mask, target.per)
    if kind is ImportAs.PREDICTIONS:
        made = {"task": task["id"], "result": regions, "model_version": MODEL_VERSION}
        if _is_there(_ours(task), target, task, mask):
            summary.already += 1
        else:
            yield made
        return
    existing = [other for other in task.get("annotations") or [] if not other.get("was_cancelled")]
    if _is_there(existing, target, task, mask):
        summary.already += 1
    elif existing:
        raise MaskError(
            f"task {task['id']} has an annotation already, of another mask; delete it there, or "
            "bring masks in with --as predictions"
        )
    else:
        target.client.create_annotation(int(task["id"]), regions)
        summary.brought += 1


def _is_there(others: Sequence[Json], target: Target, task: Json, mask: NDArray[np.uint8]) -> bool:
    """Whether one of the others is this mask, whatever was one region when it was brought in."""
    forms = [_regions(target, task, mask, per) for per in RegionsPer] if others else []
    return any(_is_same(other, regions) for other in others for regions in forms)


def _regions(target: Target, task: Json, mask: NDArray[np.uint8], per: RegionsPer) -> list[Json]:
    """Regions whose ids follow from the task and the mask, by which they are known again."""
    digest = sha256(mask.tobytes()).hexdigest()
    labels = target.config.labels
    return mask_to_regions(
        mask,
        config=target.config,
        labels=labels,
        region_scores={},
        seed=f"import/{task['id']}/{digest}",
        per=per,
    )


def _ours(task: Json) -> list[Json]:
    predictions = task.get("predictions") or []
    return [other for other in predictions if other.get("model_version") == MODEL_VERSION]


def _is_same(other: Json, regions: list[Json]) -> bool:
    """Whether an annotation or prediction holds these regions, and nothing else was brought in."""
    ids = {region.get("id") for region in other.get("result") or [] if isinstance(region, dict)}
    return {region["id"] for region in regions} <= ids if regions else not ids


def _check_size(target: Target, task: Json, mask: NDArray[np.uint8], name: str) -> None:
    address = str(find_field(task["data"], target.config.data_key))
    photo = target.photos.fetch(address, task_id=int(task["id"]))
    height, width = image_size(photo.data, name=photo.name, max_pixels=target.max_pixels)
    if mask.shape != (height, width):
        raise MaskError(
            f"the mask of '{name}' is {mask.shape[1]} x {mask.shape[0]} px and its photo "
            f"{width} x {height} px; export the mask at the photo's size"
        )
