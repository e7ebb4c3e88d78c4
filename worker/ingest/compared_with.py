"""What the store has to compare a saved annotation with."""

from dataclasses import dataclass
from typing import Any

from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.clicks import clicked_pixels
from hemline.store.loop.corrections import get_prediction, kept_back_by_chance, shown_prediction
from hemline.store.tables.loop import Annotation, Prediction, Project, Task
from worker.ingest.submitted import Submitted


@dataclass(frozen=True, slots=True)
class ComparedWith:
    """Its earlier save, the pre-fill that its annotator began from, or the one that was kept back
    by chance, and digests of the regions that clicks on its task were answered with."""

    annotation: Annotation | None
    prediction: Prediction | None
    kept_back: Prediction | None
    clicked: set[str]


def look_up(session: Any, project: Project, task: Task, submitted: Submitted) -> ComparedWith:
    known = find_annotation(session, project.id, submitted.ls_annotation_id)
    # A later save of the same annotation still began from the pre-fill it was first made from.
    if known is not None and known.prediction_id is not None:
        prediction = get_prediction(session, known.prediction_id)
    else:
        prediction = shown_prediction(session, task.id, submitted.created_at)
    kept_back = kept_back_by_chance(session, task.id) if prediction is None else None
    return ComparedWith(known, prediction, kept_back, clicked_pixels(session, task.id))
