"""Tasks of clicks as Label Studio has them, where anyone can send some; asked about once each."""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from backend.protocol.projects import RegisteredProject
from backend.serving.task_check import TaskCheck
from hemline.errors import HemlineError
from hemline.labelstudio.messages import parse_id

_WAIT_S = 10.0
_REMEMBERED = 1000


class UnconfirmedError(HemlineError):
    """Label Studio has no such task, or cannot be asked about it now."""


class ConfirmedTasks:
    """check: asks Label Studio; None: whoever sends a task is believed."""

    def __init__(self, check: TaskCheck | None) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, int, str], dict[str, Any]] = OrderedDict()

    def really(self, project: RegisteredProject, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """The task with the data that it has in Label Studio. Raises UnconfirmedError."""
        if self._check is None:
            return task
        number = parse_id(task.get("id"), "task")
        key = (project.row.ls_project_id, number, str(task.get("data")))
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = self._ask(self._check, project, number, task.get("data"))
            with self._lock:
                self._known[key] = known
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return {**task, "data": known}

    def _ask(
        self, check: TaskCheck, project: RegisteredProject, number: int, claimed: Any
    ) -> dict[str, Any]:
        deadline = time.monotonic() + _WAIT_S
        own = claimed if isinstance(claimed, dict) else {}
        data = check.data_of(project, {number: own}, seconds=lambda: deadline - time.monotonic())
        found = data.get(number)
        if found is not None:
            return found
        if number in data:
            raise UnconfirmedError(f"Label Studio has no task {number} in this project")
        raise UnconfirmedError(f"Label Studio did not confirm task {number} in time")
