"""What a label began from: the pre-fill that its annotator saw, or the one that was kept back."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from hemline.store.tables.loop import Annotation, Prediction

BEGUN = aliased(Prediction)  # a label's, once joined with `is_begun`


def is_begun() -> ColumnElement[bool]:
    """That `BEGUN` is what an annotation began from: with its `left_blank`, where its task opened
    empty on purpose. Labels that had no pre-fill for another reason, such as a photo that was away,
    have none."""
    held = (
        select(func.max(Prediction.id))
        .where(Prediction.task_id == Annotation.task_id, Prediction.left_blank.is_(True))
        .correlate(Annotation)
        .scalar_subquery()
    )
    return BEGUN.id == func.coalesce(Annotation.prediction_id, held)
