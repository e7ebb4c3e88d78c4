"""What became of clicks, written down once they are answered."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.background import BackgroundQueue
from backend.protocol.projects import RegisteredProject
from hemline.labelstudio.clicks.context import Gesture
from hemline.labelstudio.messages import is_id
from hemline.masks.codecs.region import pixels_digest
from hemline.prefill.prefill import register_task
from hemline.store.database.engine import Store
from hemline.store.loop.clicks import record_clicks
from hemline.store.loop.garments import keep_garments
from hemline.store.loop.tasks import clear_task_problems, get_task, mark_clicks
from hemline.store.states import ProblemSource


class ClickHistory:
    """Writes to the store beside requests, so that nobody who clicks waits for it."""

    def __init__(self, store: Store, background: BackgroundQueue) -> None:
        self._store = store
        self._background = background

    def failed(self, project: RegisteredProject, task: Mapping[str, Any], problem: str) -> None:
        """Marks the task with the reason why a click did nothing, for the page shows none."""
        if project.config is not None and is_id(task.get("id")):
            self._background.submit(lambda: self._mark(project, dict(task), problem))

    def answered(
        self,
        project: RegisteredProject,
        task: Mapping[str, Any],
        annotator: str,
        gestures: Sequence[Gesture],
        mask: NDArray[np.bool_],
    ) -> None:
        """Gestures on the task were answered with that region; an earlier mark holds no more."""
        boxes = [gesture.is_box for gesture in gestures]
        self._background.submit(lambda: self._note(project, dict(task), annotator, boxes, mask))

    def _mark(self, project: RegisteredProject, task: dict[str, Any], problem: str) -> None:
        task_id = self._known(project, task)
        with self._store.session() as session:
            mark_clicks(session, task_id, problem)

    def _note(
        self,
        project: RegisteredProject,
        task: dict[str, Any],
        annotator: str,
        boxes: list[bool],
        mask: NDArray[np.bool_],
    ) -> None:
        task_id = self._known(project, task)
        digest = pixels_digest(mask)
        with self._store.session() as session:
            record_clicks(session, task_id, boxes, annotator=annotator, pixels_digest=digest)
            clear_task_problems(session, [task_id], ProblemSource.CLICK)

    def _known(self, project: RegisteredProject, task: dict[str, Any]) -> int:
        """The store's id of a task, which is registered if it never was pre-filled."""
        with self._store.reading() as session:
            known = get_task(session, project.row.id, int(task["id"]))
        if known is not None:
            return known.id
        assert project.config is not None
        with self._store.session() as session:
            row = register_task(session, project.row.id, project.config, task)
        keep_garments(self._store, project.row.id, row.id)
        return row.id
