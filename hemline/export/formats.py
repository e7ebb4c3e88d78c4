"""The formats of an export by the names that people give them."""

from enum import StrEnum

from hemline.export.coco import Coco
from hemline.export.format import Format
from hemline.export.labelstudio import LabelStudioTasks
from hemline.export.pngs import Cutouts, MaskPngs
from hemline.export.yolo import Yolo


class FormatName(StrEnum):
    """What `--format` takes."""

    CUTOUTS = "cutouts"
    MASKS = "masks"
    COCO = "coco"
    YOLO = "yolo"
    LABEL_STUDIO = "labelstudio"


_FORMATS: dict[FormatName, type[Format]] = {
    FormatName.CUTOUTS: Cutouts,
    FormatName.MASKS: MaskPngs,
    FormatName.COCO: Coco,
    FormatName.YOLO: Yolo,
    FormatName.LABEL_STUDIO: LabelStudioTasks,
}


def open_format(name: FormatName) -> Format:
    """The format of that name."""
    return _FORMATS[name]()
