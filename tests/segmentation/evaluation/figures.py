"""Figures of a photo that were taken of no mask."""

from hemline.segmentation.evaluation.evaluate import ItemFigures


def equal_figures(id: str, garment: str, value: float) -> ItemFigures:
    """Every figure of the photo has this value."""
    return ItemFigures(
        id=id,
        garment=garment,
        dice=value,
        iou=value,
        precision=value,
        recall=value,
        boundary_iou=value,
        boundary_f=value,
        hd95=value,
        assd=value,
        pixel_accuracy=value,
    )
