"""Tasks that an open backend is sent, as Label Studio has them.

Anyone who reaches a backend without Basic auth can send any task with any photo address. What the
store does not have in just these words is asked of Label Studio before it is predicted or stored.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog

from backend.protocol.projects import RegisteredProject
from hemline.errors import LabelStudioError
from hemline.labelstudio.deadline import within
from hemline.store.database.engine import Store
from hemline.store.loop.tasks import stored_data

log = structlog.get_logger(__name__)

_AT_ONCE = 100  # task ids in one address

Json = dict[str, Any]
Ask = Callable[[int, Sequence[int]], Iterable[Json]]


class TaskCheck:
    """Asks Label Studio about tasks.

    ask: a project's tasks of these ids that Label Studio has; raises LabelStudioError.
    """

    def __init__(self, store: Store, ask: Ask) -> None:
        self._store = store
        self._ask = ask

    def data_of(
        self,
        project: RegisteredProject,
        claimed: Mapping[int, Json],
        *,
        seconds: Callable[[], float],
    ) -> dict[int, Json | None]:
        """The data that tasks really have.

        Args:
            claimed: data by task id, as the request has it.
            seconds: how many are left; asked before each call.

        Returns:
            Data by task id; None if Label Studio has no such task in the project. A task that it
            cannot be asked about now is left out.
        """
        with self._store.reading() as session:
            stored = stored_data(session, project.row.id, list(claimed))
        sound: dict[int, Json | None] = {
            number: data for number, data in claimed.items() if stored.get(number) == data
        }
        new = [number for number in claimed if number not in sound]
        for start in range(0, len(new), _AT_ONCE):
            if (left := seconds()) <= 0:
                break
            sound |= self._asked(project.row.ls_project_id, new[start : start + _AT_ONCE], left)
        return sound

    def _asked(
        self, ls_project_id: int, numbers: Sequence[int], seconds: float
    ) -> dict[int, Json | None]:
        try:
            with within(seconds):
                there = {int(task["id"]): task for task in self._ask(ls_project_id, numbers)}
        except LabelStudioError as error:
            log.warning("tasks are not confirmed", project=ls_project_id, problem=str(error))
            return {}
        return {number: _data(there.get(number)) for number in numbers}


def _data(task: Json | None) -> Json | None:
    data = task.get("data") if task is not None else None
    return data if isinstance(data, dict) else None
