"""The spec of a picture: what of a task, its label and its prediction each kind is made from."""

from math import isfinite
from typing import Any

from flask import url_for

from backend.dashboard.pictures.picture import PictureKind, PictureSpec
from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import parse_label_config
from hemline.store.reports.task_view import TaskView

_WITH_PHOTO = (PictureKind.CARD, PictureKind.PHOTO, PictureKind.CUTOUT)
_WITH_CORRECTION = (PictureKind.CARD, PictureKind.CORRECTION, PictureKind.DIFFERENCE)
_WITH_PREDICTION = (PictureKind.CARD, PictureKind.PREDICTION, PictureKind.DIFFERENCE)
_REGIONS = {  # of its signals
    PictureKind.LOW_CONTRAST: ("pale",),
    PictureKind.DISAGREEMENT: ("wrong",),
    PictureKind.COMPLICATED: ("undecided", "thin"),
}
_WITH_LINES = (*_REGIONS, PictureKind.CHECKS)
_POINTS_AT_LEAST = 2

Line = tuple[tuple[float, float], ...]


def picture_spec(kind: PictureKind, shown: TaskView) -> PictureSpec:
    """The spec, with nothing in it that the picture does not show."""
    task = shown.task
    fields: dict[str, Any] = {}
    if kind in _WITH_PHOTO:
        fields |= {
            "image_url": task.image_url,
            "ls_task_id": task.ls_task_id,
            "image_digest": task.image_digest,
        }
    correction = shown.annotation.mask_digest if shown.annotation is not None else None
    prediction = shown.predicted
    if kind in _WITH_CORRECTION:
        fields["correction"] = correction
    if kind in _WITH_PREDICTION:
        fields["prediction"] = prediction
    if kind is PictureKind.CUTOUT:
        fields["correction"] = correction or prediction
    if kind is PictureKind.DIFFERENCE and shown.prediction is not None:
        fields["own_labels"] = tuple(shown.prediction.model_version.labels)
        fields["labels"] = _labels(shown) or fields["own_labels"]
    if kind is PictureKind.UNCERTAINTY:
        fields["map_digest"] = shown.map_digest
    if kind in _WITH_LINES:
        fields["lines"] = _lines(kind, shown)
    if kind in _WITH_LINES or kind is PictureKind.UNCERTAINTY:
        fields["size"] = _size(shown)
    return PictureSpec(kind, **fields)


def picture_address(kind: PictureKind, shown: TaskView) -> str:
    """Where the picture is: an address that changes with the picture, so that it may be kept."""
    return url_for(
        "dashboard.picture",
        project=shown.project.ls_project_id,
        task=shown.task.ls_task_id,
        kind=kind.value,
        key=picture_spec(kind, shown).key,
        label=shown.annotation.id if shown.annotation is not None else None,
        prediction=shown.prediction.id if shown.prediction is not None else None,
        judgement=shown.judged.evaluation_id if shown.judged is not None else None,
        champion=1 if shown.judged is not None and shown.judged.is_champions else None,
    )


def _labels(shown: TaskView) -> tuple[str, ...]:
    try:
        return parse_label_config(shown.project.label_config).labels
    except LabelConfigError:
        return ()


def _size(shown: TaskView) -> tuple[int, int] | None:
    for row in (shown.task, shown.annotation):
        if row is not None and row.height and row.width:
            return row.height, row.width
    return None


def _lines(kind: PictureKind, shown: TaskView) -> tuple[Line, ...]:
    """The regions of that kind: where contrast is low, where label and model disagree, what is
    complicated, or what the checks found."""
    if kind is PictureKind.CHECKS:
        boxes = (_box(found) for found in shown.checks.values())
        return tuple(line for line in boxes if line)
    regions = (shown.regions.get(name) for name in _REGIONS[kind])
    lines = (_line(region) for region in regions if isinstance(region, dict))
    return tuple(line for line in lines if line)


def _box(box: Any) -> Line:
    """The outline of a check's box; empty if it is none, for boxes are read as they were stored."""
    try:
        left, top, width, height = (float(value) for value in box)
    except (TypeError, ValueError):
        return ()
    right, bottom = left + width, top + height
    corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    return corners if all(map(isfinite, (left, top, right, bottom))) else ()


def _line(region: dict[str, Any]) -> Line:
    """The points of a region; empty if they are none, for regions are read as they were stored."""
    try:
        line = tuple((float(x), float(y)) for x, y in region.get("points") or ())
    except (TypeError, ValueError):
        return ()
    if len(line) < _POINTS_AT_LEAST or not all(
        isfinite(value) for point in line for value in point
    ):
        return ()
    return (*line, line[0]) if region.get("kind") == "polygon" else line


def has_regions(kind: PictureKind, shown: TaskView) -> bool:
    """Whether there is anything of that kind to draw."""
    return bool(_lines(kind, shown))
