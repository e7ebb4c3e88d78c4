"""Instances in COCO's layout: images, annotations and categories in one JSON file."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from hemline.datasets.classes.classes import ClassMap, Vocabulary
from hemline.datasets.photo_file import read_image
from hemline.datasets.photo_folder import PhotoFolder
from hemline.datasets.readers.json_elements import Span, read_span, scan_json
from hemline.datasets.readers.shapes import fit_to_photo, paint_shapes
from hemline.datasets.sample import Dataset, Pixels, Sample, Skipped
from hemline.datasets.text_file import whole_number
from hemline.errors import DatasetError, MaskError
from hemline.garments.naming import garment_and_view_of_file
from hemline.masks.codecs.coco import decode_coco_rle, polygons_to_mask


@dataclass(slots=True)
class _File:
    """What is kept of an annotation file: of the shapes, only where they stand in it."""

    path: Path
    names: dict[int, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)  # file name: the image id it has first
    images: dict[Any, dict[str, Any]] = field(default_factory=dict)
    spans: dict[Any, list[Span]] = field(default_factory=lambda: defaultdict(list))
    unknown: dict[Any, Any] = field(default_factory=dict)  # image id: a category id nobody has
    problems: dict[Any, str] = field(default_factory=dict)  # image id: why it cannot be read


@dataclass(frozen=True, slots=True)
class _Target:
    names: Mapping[int, str]
    ids: Mapping[str, int]
    labels: tuple[str, ...]
    unlabelled: int


def read_coco(
    path: Path,
    source: str,
    classes: ClassMap,
    *,
    vocabulary: str,
    other_names: Mapping[str, str] | None = None,
) -> Dataset:
    """Photos with the shapes that COCO files give them.

    Polygons and run lengths may be mixed, and crowd regions are painted as any other. Names, ids
    and supercategories are the file's. A photo whose annotation is broken anywhere is left out as a
    whole, for a shape that is missing would be background.

    Args:
        path: a folder with the JSON files (or annotations/ with them) and, anywhere below it, the
            photos; or one JSON file, its photos below its folder or beside it.
        source: what the samples are called after.
        vocabulary: what class lists know the classes by.
        other_names: the vocabulary's name for what some releases call differently.

    Raises:
        DatasetError: there are no annotations or none of their photos, the JSON is broken, or the
            data lacks a class that is asked for.
    """
    files, folder = _annotation_files(path)
    photos = PhotoFolder(folder)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for file in files:
        names = {key: (other_names or {}).get(name, name) for key, name in file.names.items()}
        known = Vocabulary(vocabulary, tuple(dict.fromkeys(names.values())), file.groups)
        target = _Target(names, classes.ids(known), classes.labels, classes.unlabelled(known))
        for image_id, image in file.images.items():
            usable = _sample(file, image_id, image, photos, source, target)
            if isinstance(usable, Sample):
                samples.append(usable)
            else:
                skipped.append(usable)
        skipped.extend(
            Skipped(
                f"image {key}", f"'{file.path}' has annotations of image {key} but does not list it"
            )
            for key in file.spans.keys() - file.images.keys()
        )
    if not samples:
        raise DatasetError(
            f"no photo of '{files[0].path}' can be read"
            f"{': ' + skipped[0].problem if skipped else ''}"
        )
    return Dataset(tuple(samples), classes.labels, tuple(skipped))


@dataclass(frozen=True, slots=True)
class CocoImage:
    """A photo that a COCO file annotates, whether the photo is at hand or not."""

    file_name: str
    height: int
    width: int
    shapes: Callable[[], Iterator[tuple[str, Pixels]]]


def read_coco_images(path: Path) -> list[CocoImage]:
    """The images of COCO files with their shapes, category name and `(H, W)` uint8 of 0 and 1.

    An image that cannot be used raises a DatasetError once its shapes are asked for. Images without
    any annotation are left out.

    Raises:
        DatasetError: there are no annotations, or the JSON is broken.
    """
    files, _ = _annotation_files(path)
    return [_image(file, key) for file in files for key in file.images if key in file.spans]


def _image(file: _File, key: Any) -> CocoImage:
    image = file.images[key]
    name = str(image["file_name"])
    height, width = whole_number(image["height"]) or 0, whole_number(image["width"]) or 0
    problem = file.problems.get(key)
    if key in file.unknown:
        problem = (
            f"'{file.path}' has a shape of the category {file.unknown[key]} on '{name}', but lists "
            "no such category; add it"
        )
    if min(height, width) < 1:
        problem = f"'{file.path}' gives no size for '{name}'; add height and width"

    def shapes() -> Iterator[tuple[str, Pixels]]:
        if problem:
            raise DatasetError(problem)
        target = _Target(file.names, {}, (), 0)
        return _shapes(file.path, file.spans[key], (height, width), target)

    return CocoImage(name, max(height, 1), max(width, 1), shapes)


def _annotation_files(path: Path) -> tuple[list[_File], Path]:
    """The files that hold annotations, and the folder below which their photos are."""
    if path.is_file():
        found, folder = [path], path.parent
        if folder.name == "annotations":
            folder = folder.parent
    else:
        found, folder = sorted([*path.glob("*.json"), *path.glob("annotations/*.json")]), path
    files = [file for name in found if (file := _scan(name))]
    if not files:
        raise DatasetError(
            f"'{path}' has no JSON file with images, annotations and categories; give the folder "
            "of the annotations and photos, or the JSON file itself"
        )
    return files, folder


def _scan(path: Path) -> _File | None:
    try:
        return _read_ids(path)
    except (TypeError, KeyError) as error:  # an id that is a list, a category without a name
        raise DatasetError(
            f"'{path}' has an image, annotation or category whose id or name cannot be used "
            f"({error}); export it again"
        ) from error


def _read_ids(path: Path) -> _File | None:
    file = _File(path)
    categories: dict[Any, Any] = {}  # image id: the categories of its shapes
    for key, span, value in scan_json(path):
        if not isinstance(value, dict):
            continue
        if key == "categories":
            category = read_span(path, span)
            category_id, name = _id(category.get("id")), str(category.get("name"))
            if (known := file.names.setdefault(category_id, name)) != name:
                raise DatasetError(
                    f"'{path}' gives the category id {category_id} to both '{known}' and '{name}'; "
                    "give each its own id"
                )
            if category.get("supercategory"):
                file.groups[str(category["name"])] = str(category["supercategory"])
        elif key == "images":
            image = read_span(path, span)
            _add_image(file, image)
        elif key == "annotations":
            image_id = _id(value.get("image_id"))
            file.spans[image_id].append(span)
            categories.setdefault(image_id, set()).add(_id(value.get("category_id")))
    file.unknown = {
        image_id: unknown
        for image_id, known in categories.items()
        for unknown in known - file.names.keys()
    }
    return file if file.names and file.images and file.spans else None


def _add_image(file: _File, image: Mapping[str, Any]) -> None:
    image_id = _id(image.get("id"))
    parts = {part: image.get(part) for part in ("file_name", "height", "width")}
    known = file.images.setdefault(image_id, parts)
    name, other = str(parts["file_name"]), str(known["file_name"])
    if name != other:
        file.problems[image_id] = (
            f"'{file.path}' gives the image id {image_id} to '{other}' and to '{name}', so its "
            "shapes could belong to either; give each photo its own id"
        )
    twin = file.ids.setdefault(name, image_id)
    if twin != image_id:
        why = (
            f"'{file.path}' lists '{name}' twice, as the images {twin} and {image_id}; keep one "
            "entry with all its shapes"
        )
        file.problems[twin] = file.problems[image_id] = why


def _id(value: Any) -> Any:
    """An id as it is compared: 12 for "12" and for the 12.0 that pandas writes."""
    number = whole_number(value)
    return value if number is None else number


def _sample(
    file: _File,
    image_id: Any,
    image: Mapping[str, Any],
    photos: PhotoFolder,
    source: str,
    target: _Target,
) -> Sample | Skipped:
    name = str(image["file_name"])
    stem = PurePosixPath(name.replace("\\", "/")).stem
    if image_id in file.problems:
        return Skipped(stem, file.problems[image_id])
    if image_id not in file.spans:
        return Skipped(stem, f"'{file.path}' has no annotation of '{name}'; annotate or remove it")
    if image_id in file.unknown:
        return Skipped(
            stem,
            f"'{file.path}' has a shape of the category {file.unknown[image_id]} on '{name}', but "
            "lists no such category; add it",
        )
    photo = photos.find(name)
    if photo is None:
        return Skipped(stem, photos.why_not(name))
    height, width = whole_number(image["height"]), whole_number(image["width"])
    if not height or not width or min(height, width) < 1:
        return Skipped(stem, f"'{file.path}' gives no size for '{name}'; add height and width")
    load = partial(_load, photo, file.path, file.spans[image_id], (height, width), target)
    garment, view = garment_and_view_of_file(name)
    return Sample(stem, garment, view, source, load, photo.read_bytes)


def _load(
    photo: Path, path: Path, spans: list[Span], size: tuple[int, int], target: _Target
) -> tuple[Pixels, Pixels]:
    image = read_image(photo)
    mask = paint_shapes(
        _shapes(path, spans, size, target),
        target.ids,
        target.labels,
        *size,
        unlabelled=target.unlabelled,
    )
    return image, fit_to_photo(mask, image, str(photo))


def _shapes(
    path: Path, spans: list[Span], size: tuple[int, int], target: _Target
) -> Iterator[tuple[str, Pixels]]:
    """Every shape is decoded, also of labels that are not asked for: broken is broken."""
    for span in spans:
        annotation = read_span(path, span)
        try:
            mask = segmentation_to_mask(annotation.get("segmentation"), *size)
        except MaskError as error:
            raise DatasetError(f"'{path}', annotation {annotation.get('id')}: {error}") from error
        yield target.names[_id(annotation["category_id"])], mask


def segmentation_to_mask(segmentation: Any, height: int, width: int) -> Pixels:
    """A COCO `segmentation`, polygons or run lengths, as `(height, width)` uint8 of 0 and 1.

    Raises:
        MaskError: it is neither, is empty or broken, or has another size.
    """
    if isinstance(segmentation, dict):
        mask = decode_coco_rle(segmentation)
        if mask.shape != (height, width):
            raise MaskError(
                f"its run lengths are for {mask.shape[1]} x {mask.shape[0]} px but the photo was "
                f"{width} x {height} px; export it again"
            )
        return mask
    if not isinstance(segmentation, list) or not segmentation:
        raise MaskError("it has neither polygons nor run lengths; draw it again")
    return polygons_to_mask(_polygons(segmentation), height, width)


def _polygons(segmentation: list[Any]) -> list[Any]:
    """COCO's list of polygons, also from a polygon alone or points in pairs."""
    if all(isinstance(item, (int, float, str)) for item in segmentation) or _are_points(
        segmentation
    ):
        segmentation = [segmentation]
    return [
        [number for point in polygon for number in point] if _are_points(polygon) else polygon
        for polygon in segmentation
    ]


def _are_points(polygon: Any) -> bool:
    return (
        isinstance(polygon, list)
        and len(polygon) > 2
        and all(isinstance(point, list) and len(point) == 2 for point in polygon)
    )
