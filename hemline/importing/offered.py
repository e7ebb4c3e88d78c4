"""The masks that somebody has, by the names of their photos: picture files or COCO."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from hemline.datasets.file_names import stem_of, visible
from hemline.datasets.mask_file import MASK_SUFFIXES, read_class_ids, read_cutout, read_garment
from hemline.datasets.readers.coco import CocoImage, read_coco_images
from hemline.datasets.text_file import filled_lines
from hemline.errors import DatasetError, MaskError
from hemline.masks.class_ids import class_ids
from hemline.masks.files.garment_is import GarmentIs

Mask = NDArray[np.uint8]

_EXACT = "instances_rle.json"  # of an export, beside the simplified polygons
_LABELS = "labels.txt"
_VOID = 255


@dataclass(frozen=True, slots=True)
class OfferedMask:
    """One photo's mask.

    Attributes:
        name: of the photo, as the file of the mask or COCO has it, without an ending.
        read: the mask (H, W) of class ids, k is labels[k - 1]. Raises HemlineError where it
            cannot be used.
    """

    name: str
    read: Callable[[], Mask]


def offered_masks(
    path: Path,
    labels: Sequence[str],
    *,
    label: str = "",
    garment_is: GarmentIs | None = None,
) -> list[OfferedMask]:
    """The masks at a path: a COCO file, a folder of one, or a folder of mask files or cut-outs.

    A folder that an export wrote may be given as it is. Where masks hold class ids, a labels.txt
    in the folder or beside it names them from 1 on; without one they are the project's labels in
    their order.

    Args:
        labels: of the project.
        label: what all that is garment becomes, for masks and categories that name no label of the
            project. Not needed where the project has but one.
        garment_is: what of mask files is garment; None finds it out.

    Raises:
        DatasetError: there are none, or `label` is not one of the project's.
    """
    if label and label not in labels:
        raise DatasetError(f"the project has no label '{label}'; it has {', '.join(labels)}")
    only = label or (labels[0] if len(labels) == 1 else "")
    if coco := _coco_file(path):
        return [
            OfferedMask(PurePath(image.file_name).stem, partial(_from_coco, image, labels, label))
            for image in read_coco_images(coco)
        ]
    files, is_cutout = _files(path)
    names = _names(path)
    return [
        OfferedMask(
            stem_of(file), partial(_from_file, file, labels, names, only, is_cutout, garment_is)
        )
        for file in files
    ]


def _coco_file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() == ".json" else None
    if (path / _EXACT).is_file():
        return path / _EXACT
    has_json = any(path.glob("*.json")) and not (path / "masks").is_dir()
    pictures = has_json and any(file.suffix.lower() in MASK_SUFFIXES for file in path.iterdir())
    is_export_of_cutouts = (path / "cutouts").is_dir()
    return path if has_json and not pictures and not is_export_of_cutouts else None


def _files(path: Path) -> tuple[list[Path], bool]:
    """The mask files, and whether their folder is one of cut-outs."""
    if not path.is_dir():
        raise DatasetError(
            f"'{path}' is neither a folder of masks nor a COCO file; give one of them as --masks"
        )
    for name in ("masks", "mask", "cutouts", "cutout", ""):
        folder = path / name
        if not folder.is_dir():
            continue
        files = [file for file in visible(folder) if file.suffix.lower() in MASK_SUFFIXES]
        if files:
            return files, folder.name in ("cutouts", "cutout")
    raise DatasetError(
        f"folder '{path}' has no masks; it needs PNG files that are named like the photos"
    )


def _names(path: Path) -> tuple[str, ...]:
    """What a labels.txt calls the class ids; empty without one."""
    for folder in (path, path.parent):
        if (folder / _LABELS).is_file():
            return filled_lines(folder / _LABELS)
    return ()


def _from_file(
    file: Path,
    labels: Sequence[str],
    names: Sequence[str],
    only: str,
    is_cutout: bool,
    garment_is: GarmentIs | None,
) -> Mask:
    if only and len(names) < 2:
        read = read_cutout if is_cutout else read_garment
        return read(file, garment_is).astype(np.uint8) * np.uint8(labels.index(only) + 1)
    if is_cutout:
        raise MaskError(f"cut-out '{file}' does not say its label; give it with --label")
    try:
        mask = read_class_ids(file.read_bytes())
    except OSError as error:
        raise MaskError(f"mask '{file}' cannot be read: {error.strerror}") from error
    except MaskError as error:
        raise MaskError(
            f"mask '{file}': {error}; if it is one garment, say which label with --label"
        ) from error
    return _renamed(mask, dict(enumerate(names or labels, start=1)), labels, str(file))


def _renamed(mask: Mask, names: Mapping[int, str], labels: Sequence[str], source: str) -> Mask:
    """The mask in the ids of the project's labels."""
    table = np.zeros(256, np.uint8)
    for class_id in class_ids(mask):
        if class_id == 0:
            continue
        name = names.get(class_id)
        if name is None:
            void = " (void)" if class_id == _VOID else ""
            raise MaskError(
                f"mask '{source}' has the class id {class_id}{void}, which no label has; name it "
                f"in {_LABELS}, or say with --label that all of it is one garment"
            )
        if list(names.values()).count(name) > 1:
            raise MaskError(
                f"mask '{source}' has the class id {class_id}, and '{name}' is the name of several "
                f"class ids; give each a name of its own in {_LABELS}"
            )
        table[class_id] = _id_of(name, labels, source)
    return np.asarray(table[mask], np.uint8)


def _id_of(name: str, labels: Sequence[str], source: str) -> int:
    if name not in labels:
        # A labels.txt has no blanks around names, and one between words.
        fitting = [label for label in labels if label.split() == name.split()]
        if len(fitting) == 1:
            return labels.index(fitting[0]) + 1
        raise MaskError(
            f"'{source}' has the label '{name}', which the project lacks; it has "
            f"{', '.join(labels)}. Rename it, or add it to the label config"
        )
    return labels.index(name) + 1


def _from_coco(image: CocoImage, labels: Sequence[str], label: str) -> Mask:
    mask = np.zeros((image.height, image.width), np.uint8)
    for name, shape in image.shapes():
        mask[shape > 0] = _id_of(label or name, labels, image.file_name)
    return mask
