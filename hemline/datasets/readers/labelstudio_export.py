"""A project exported from Label Studio as JSON: tasks and the masks of their regions."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from hemline.datasets.classes.classes import ClassMap, Vocabulary, own_classes
from hemline.datasets.photo_file import read_image
from hemline.datasets.photo_folder import PhotoFolder
from hemline.datasets.readers.json_elements import Span, read_span, scan_json
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.errors import DatasetError, MaskError
from hemline.garments.address import file_at, without_upload_prefix
from hemline.garments.naming import garment_and_view_of_task
from hemline.masks.codecs.region import BOX_CONTROL, CLICK_CONTROL, REGION_TYPES, region_to_mask


class _AnnotatedTask(NamedTuple):
    """Where a task stands in the export. `images` are those that have regions, or one without."""

    id: Any
    span: Span
    data: dict[str, Any]
    images: tuple[str, ...]
    is_read: bool  # False: there are shapes or answers and no region that can be a mask


def read_labelstudio(path: Path, classes: ClassMap | None = None) -> Dataset:
    """Photos with the masks of their ground truth, or else of the annotation that was saved last.

    `path` is a folder with the export, in the format called JSON, and the photos anywhere below it
    under the names that they had in Label Studio, with the mark before an upload's name or without;
    or it is the JSON file. The labels are those that the regions have, in alphabetical order. Where
    regions overlap, the later one wins, as in a training on corrections. An annotation without
    regions says that there is no garment; one that has but answers, or shapes that are no masks, is
    skipped. Each image of a task that has regions is a photo of its own.

    Raises:
        DatasetError: there is no export or none of its photos, or the data lacks a class that is
            asked for.
    """
    export, folder = _find_export(path)
    try:
        tasks, labels = _scan(export)
    except (TypeError, AttributeError) as error:  # values of another kind than Label Studio's
        raise DatasetError(
            f"'{export}' is not a Label Studio export ({error}); export as JSON (not JSON-MIN)"
        ) from error
    vocabulary = Vocabulary("labelstudio", labels)
    if not labels:
        raise DatasetError(
            f"'{export}' has no annotation with a mask region; annotate first, "
            "and export as JSON (not JSON-MIN)"
        )
    classes = classes or own_classes(vocabulary)
    ids = classes.ids(vocabulary)
    photos = PhotoFolder(folder)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    used: dict[Path, tuple[str, int]] = {}  # the first address, and where its sample is
    shared: set[int] = set()
    for task_id, span, data, images, is_read in tasks:
        if not is_read:
            skipped.append(
                Skipped(
                    f"task {task_id}",
                    f"task {task_id}: its annotation has answers or shapes but no mask region; "
                    "draw the garment with the brush, as a polygon, rectangle or ellipse",
                )
            )
            continue
        for image in images:
            try:
                photo, address = _find_photo(photos, data, image, len(images))
                first, position = used.setdefault(photo, (address, len(samples)))
                if first != address:
                    shared.add(position)
                    raise DatasetError(
                        f"'{photo.name}' would be the photo of {first!r} and of {address!r}, so "
                        "neither is read; give both the names they have in Label Studio"
                    )
            except DatasetError as error:
                skipped.append(Skipped(f"task {task_id}", f"task {task_id}: {error}"))
                continue
            garment, view = garment_and_view_of_task(data, address)
            load = partial(_load, photo, export, span, ids, image)
            samples.append(
                Sample(
                    photo.stem, garment or photo.stem, view, "labelstudio", load, photo.read_bytes
                )
            )
    samples = [sample for k, sample in enumerate(samples) if k not in shared]
    if not samples:
        raise DatasetError(f"'{folder}' has no photo of '{export.name}'; put them there")
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


def _find_export(path: Path) -> tuple[Path, Path]:
    if path.is_file():
        return path, path.parent
    exports = sorted(path.glob("*.json"))
    if len(exports) != 1:
        raise DatasetError(
            f"'{path}' has {len(exports)} JSON files; keep one export in it, or name it: "
            "labelstudio:FOLDER/export.json"
        )
    return exports[0], path


def _scan(path: Path) -> tuple[list[_AnnotatedTask], tuple[str, ...]]:
    """The annotated tasks, and the labels that regions have."""
    tasks: list[_AnnotatedTask] = []
    labels: set[str] = set()
    for key, span, value in scan_json(path):
        if key or not isinstance(value, dict):
            continue
        if _annotation(value) is None:
            continue
        task = read_span(path, span)
        data = task.get("data")
        regions = list(_regions(_annotation(task) or {}))
        images = tuple(dict.fromkeys(str(region.get("to_name", "")) for region in regions))
        is_read = bool(regions) or not (_annotation(task) or {}).get("result")
        fields = data if isinstance(data, dict) else {}
        tasks.append(_AnnotatedTask(task.get("id"), span, fields, images or ("",), is_read))
        labels.update(label for region in regions for label in _label_names(region))
    return tasks, tuple(sorted(labels))


def _annotation(task: Mapping[str, Any]) -> dict[str, Any] | None:
    """The one that counts, as in a training on corrections: of those that were not cancelled,
    ground truth before others, then the one saved last."""
    annotations = task.get("annotations")
    usable = [
        item
        for item in (annotations if isinstance(annotations, list) else ())
        if isinstance(item, dict) and not item.get("was_cancelled")
    ]
    return max(
        usable,
        key=lambda item: (
            bool(item.get("ground_truth")),
            str(item.get("updated_at") or ""),
            item.get("id") or 0,
        ),
        default=None,
    )


def _regions(annotation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    result = annotation.get("result")
    for region in result if isinstance(result, list) else ():
        if not isinstance(region, dict) or region.get("type") not in REGION_TYPES:
            continue
        if region.get("from_name") not in (CLICK_CONTROL, BOX_CONTROL):
            yield region


def _label_names(region: Mapping[str, Any]) -> list[str]:
    value = region.get("value")
    names = value.get(str(region["type"]), ()) if isinstance(value, dict) else ()
    return [str(name) for name in names] if isinstance(names, list) else []


def _find_photo(
    photos: PhotoFolder, data: Mapping[str, Any], image: str, images: int
) -> tuple[Path, str]:
    """The photo on disk that regions on `image` were drawn on, and the address that names it.

    Of several addresses in the task's data it is the one in the field that is called like the
    image: an export does not say more.

    Raises:
        DatasetError: there is none, or it cannot be told which one it is.
    """
    found = {
        key: (photo, value)
        for key, value in _fields(data)
        if (photo := next(filter(None, map(photos.find, _names(value))), None)) is not None
    }
    if image in found:
        return found[image]
    if not found or (image and image in data):
        raise DatasetError(f"'{photos.folder}' has no photo of it; add it")
    if images > 1 or len({address for _, address in found.values()}) > 1:
        raise DatasetError(
            f"cannot tell which photo the regions on {image!r} were drawn on, of those in "
            f"{', '.join(found)}; name the image in the label config after the field"
        )
    return next(iter(found.values()))


def _fields(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The texts in a task's data, however deep, by name: "image", "photo.url", "images.0"."""
    if isinstance(value, str):
        yield name, value
        return
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if (isinstance(value, list))
        else ()
    )
    for key, item in inner:
        yield from _fields(item, f"{name}.{key}" if name else str(key))


def _names(address: str) -> Iterator[str]:
    """Names that the photo at an address may have on disk."""
    file = file_at(address)
    yield file.path.lstrip("/")
    name = PurePosixPath(file.path).name
    yield without_upload_prefix(name, sure=file.uploaded)


def _load(
    photo: Path, export: Path, span: Span, ids: Mapping[str, int], on: str
) -> tuple[Pixels, Pixels]:
    image = read_image(photo)
    height, width = image.shape[:2]
    mask = np.zeros((height, width), dtype=np.uint8)
    for region in _regions(_annotation(read_span(export, span)) or {}):
        if str(region.get("to_name", "")) != on:
            continue
        try:
            names = _label_names(region)
            if len(names) != 1:
                raise MaskError(f"it has {len(names)} labels; give it one")
            _check_size(region, height, width)
            inside = region_to_mask(region, height, width)
        except MaskError as error:
            raise DatasetError(
                f"'{export.name}', region {region.get('id')} on '{photo.name}': {error}"
            ) from error
        if names[0] in ids:
            mask[inside] = ids[names[0]]
    return image, mask


def _check_size(region: Mapping[str, Any], height: int, width: int) -> None:
    said = (region.get("original_width", width), region.get("original_height", height))
    if said != (width, height):
        raise MaskError(
            f"it was drawn on {said[0]} x {said[1]} px but the photo is {width} x {height} px; "
            "use the photo that was annotated"
        )
    if region.get("image_rotation"):
        raise MaskError("it was drawn on a rotated photo; rotate it back and draw it again")
