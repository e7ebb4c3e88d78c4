"""The formats of an export by the names that people give them."""

from enum import StrEnum

from hemline.errors import ExportError
from hemline.export.cutout_style import DEFAULT_STYLE, CutoutStyle
from hemline.export.formats.coco import Coco, CocoParts
from hemline.export.formats.format import ExportFormat
from hemline.export.formats.labelstudio import LabelStudioTasks
from hemline.export.formats.pngs import Cutouts, MaskPngs
from hemline.export.formats.yolo import Yolo


class FormatName(StrEnum):
    """What `--format` takes."""

    CUTOUTS = "cutouts"
    MASKS = "masks"
    COCO = "coco"
    COCO_PARTS = "coco-parts"
    YOLO = "yolo"
    LABEL_STUDIO = "labelstudio"


_FORMATS: dict[FormatName, type[ExportFormat]] = {
    FormatName.MASKS: MaskPngs,
    FormatName.COCO: Coco,
    FormatName.COCO_PARTS: CocoParts,
    FormatName.YOLO: Yolo,
    FormatName.LABEL_STUDIO: LabelStudioTasks,
}


def open_format(name: FormatName, style: CutoutStyle) -> ExportFormat:
    """The format of that name.

    Raises:
        ExportError: a style is asked for that the format does not have.
    """
    if name is FormatName.CUTOUTS:
        return Cutouts(style)
    if style != DEFAULT_STYLE:
        raise ExportError(
            f"edges, frames and channels apply only to cut-outs; the export is of {name}, so leave "
            "them out"
        )
    return _FORMATS[name]()
