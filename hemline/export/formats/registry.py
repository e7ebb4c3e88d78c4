"""The formats of an export by the names that people give them."""

from enum import StrEnum

from hemline.errors import ExportError
from hemline.export.formats.coco import Coco
from hemline.export.formats.format import ExportFormat
from hemline.export.formats.labelstudio import LabelStudioTasks
from hemline.export.formats.pngs import Cutouts, MaskPngs
from hemline.export.formats.yolo import Yolo
from hemline.export.look import DEFAULT_LOOK, Look


class FormatName(StrEnum):
    """What `--format` takes."""

    CUTOUTS = "cutouts"
    MASKS = "masks"
    COCO = "coco"
    YOLO = "yolo"
    LABEL_STUDIO = "labelstudio"


_FORMATS: dict[FormatName, type[ExportFormat]] = {
    FormatName.MASKS: MaskPngs,
    FormatName.COCO: Coco,
    FormatName.YOLO: Yolo,
    FormatName.LABEL_STUDIO: LabelStudioTasks,
}


def open_format(name: FormatName, look: Look) -> ExportFormat:
    """The format of that name.

    Raises:
        ExportError: a look is asked for that the format does not have.
    """
    if name is FormatName.CUTOUTS:
        return Cutouts(look)
    if look != DEFAULT_LOOK:
        raise ExportError(
            f"edges and channels apply only to cut-outs, and the export is of {name}; leave them "
            "out"
        )
    return _FORMATS[name]()
