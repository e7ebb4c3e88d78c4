"""Answers one /predict: an item a task, within the time there is, and each mask given out once.

An item without `result` is skipped by Label Studio, and the task stays as it is; so that is what a
task gets that is broken, that there is no time for, or whose mask another request was just given.
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from backend.background import BackgroundQueue
from backend.monitoring.metrics import Metrics
from backend.protocol.projects import RegisteredProject
from backend.serving.admission import Room
from backend.serving.batch import work_within
from backend.serving.champion_loader import Serving
from backend.serving.handover import PoolJobs
from backend.serving.in_flight import Opening, Openings
from backend.serving.task_check import TaskCheck
from hemline.errors import HemlineError, LabelStudioUnavailable, StoreUnavailable
from hemline.prefill.prefill import LoadedModel, Prefiller
from hemline.redaction import redact
from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.store.loop.predictions import claim_send
from hemline.system.people_wait import PeopleWait

log = structlog.get_logger(__name__)

SEND_WINDOW_S = 5.0  # two askings closer together than this are one opening
GRACE_S = 0.4  # Label Studio needs this long to store what another request was answered
HURRY_S = 2.0  # for requests in flight when the process is asked to end
_LOAD_WAIT_S = 20.0
_BATCH_THREADS = 3  # one predicts, the others fetch and encode
_CHECK_S = 30.0  # for Label Studio to confirm tasks that are handed over
_CLAIMS_AT_ONCE = 50
_CLAIM_WAIT_S = 1.0  # for another process that writes
_LARGEST_ID = 2**31 - 1  # of Label Studio's and of our integer columns

JsonTask = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """One task's answer as JSON, and where it came from (see the metric's description)."""

    body: bytes
    source: str
    prediction_id: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The items in the tasks' order. `close` must be called once they have been sent."""

    items: list[TaskAnswer]
    opening: Opening | None = None

    def close(self) -> None:
        if self.opening is not None:
            self.opening.close()

    @property
    def body(self) -> bytes:
        return b'{"results":[' + b",".join(item.body for item in self.items) + b"]}"


class Predictions:
    """Answers /predict requests."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        prefiller: Prefiller,
        serving: Serving,
        pool: PoolJobs,
        background: BackgroundQueue,
        metrics: Metrics,
        *,
        check: TaskCheck | None = None,
    ) -> None:
        self._check = check
        self._budget_s = settings.predict_budget_s
        self._store = store
        self._prefiller = prefiller
        self._serving = serving
        self._pool = pool
        self._background = background
        self._metrics = metrics
        self._openings = Openings()
        self._room = Room(settings.threads)
        self._people = PeopleWait(settings.home_path)
        self._stop_at: float | None = None  # time.monotonic(); when requests must have ended

    def answer(self, project: RegisteredProject, tasks: Sequence[JsonTask]) -> Answer:
        """An item for each task."""
        asking = _Asking(project, list(tasks), time.monotonic())
        if len(tasks) != 1:
            return self._count(Answer(self._items(asking)))
        opening = self._openings.enter((project.row.ls_project_id, _id(tasks[0])))
        if not opening.first:
            self._let_first_go(opening, asking)
            return self._count(Answer([_given()]))
        try:
            with self._people.somebody():
                return self._count(Answer(self._items(asking), opening))
        except BaseException:
            opening.close()
            raise

    def hurry(self) -> None:
        """The process is asked to end: requests have a moment left, and the worker has the rest."""
        self._stop_at = time.monotonic() + HURRY_S

    def _left(self, asking: "_Asking") -> float:
        """Seconds that a request has left."""
        now = time.monotonic()
        end = asking.came + self._budget_s
        return max(0.0, (end if self._stop_at is None else min(end, self._stop_at)) - now)

    def refuse(self, tasks: Sequence[JsonTask], problem: str) -> Answer:
        """An item without a mask for each task."""
        return self._count(Answer([_without(problem, "problem") for _ in tasks]))

    def _let_first_go(self, opening: Opening, asking: "_Asking") -> None:
        with self._room.waiting() as may_wait:
            if may_wait:
                opening.wait(self._left(asking))
                time.sleep(GRACE_S)

    def _items(self, asking: "_Asking") -> list[TaskAnswer]:
        with self._room.place(wait_s=self._left(asking) if asking.single else 0) as placed:
            if placed:
                return self._predicted(asking)
        self._hand_over(asking, asking.tasks)
        return [_without("Hemline is busy; handed to the worker", "left") for _ in asking.tasks]

    def _predicted(self, asking: "_Asking") -> list[TaskAnswer]:
        ls_id = asking.project.row.ls_project_id
        self._serving.wait(ls_id, seconds=min(_LOAD_WAIT_S, self._left(asking)))
        model = self._serving.champion(ls_id, urgent=asking.single)
        if model is None or asking.project.config is None:
            problem = asking.project.problem or self._serving.why_none(ls_id)
            return [_without(problem, "problem") for _ in asking.tasks]
        return self._compute(asking, model)

    def _compute(self, asking: "_Asking", model: LoadedModel) -> list[TaskAnswer]:
        done = work_within(
            self._checked(asking),
            lambda task: task if isinstance(task, TaskAnswer) else self._item(asking, model, task),
            seconds=lambda: self._left(asking),
            threads=_BATCH_THREADS,
        )
        late = (
            f"not ready within {self._budget_s:g} s; handed to the worker"
            if self._stop_at is None
            else "Hemline is being stopped; handed to the worker"
        )
        items = [item or _without(late, "left") for item in done]
        self._hand_over(
            asking,
            [task for task, item in zip(asking.tasks, items, strict=True) if item.source == "left"],
        )
        return self._claim(asking, items)

    def _checked(self, asking: "_Asking") -> Sequence[JsonTask | TaskAnswer]:
        """The tasks as Label Studio has them where anyone may send some; else as they came."""
        if self._check is None:
            return asking.tasks
        claimed = {task["id"]: task["data"] for task in asking.tasks if _is_task(task)}
        data = self._check.data_of(asking.project, claimed, seconds=lambda: self._left(asking))
        return [_really(task, data) for task in asking.tasks]

    def _item(self, asking: "_Asking", model: LoadedModel, task: JsonTask) -> TaskAnswer:
        """Never raises: what goes wrong with one task is that task's."""
        config = asking.project.config
        if not _is_task(task) or config is None:
            return _without('a task needs Label Studio\'s "id" and "data"', "problem")
        if model.name in _versions(task):
            return _without("Label Studio already has it", "present")
        try:
            filled = self._prefiller.predict_task(
                model, asking.project.row.id, config, _essence(task)
            )
        except (LabelStudioUnavailable, StoreUnavailable) as error:
            return _without(str(error), "left")
        except HemlineError as error:
            log.info("task cannot be predicted", task=task["id"], problem=str(error))
            return _without(str(error), "problem")
        except Exception:
            log.exception("prediction failed", task=task["id"])
            return _without("Hemline failed on this task; see its log", "problem")
        if filled.left_blank:
            return _without("left blank on purpose: see `hemline blank`", "blank")
        score = filled.score if math.isfinite(filled.score) else 0.0
        body = {"result": filled.result, "score": score, "model_version": filled.model_version}
        source = "model" if filled.fresh else "store"
        return TaskAnswer(
            json.dumps(body, separators=(",", ":")).encode(), source, filled.prediction_id
        )

    def _claim(self, asking: "_Asking", items: list[TaskAnswer]) -> list[TaskAnswer]:
        """Keeps the masks that no other request was given since this one came.

        The window reaches back to before this request, since Label Studio chose its tasks then.
        """
        window_s = SEND_WINDOW_S + asking.age()
        numbers = [number for number, item in enumerate(items) if item.prediction_id is not None]
        lost = 0
        for start in range(0, len(numbers), _CLAIMS_AT_ONCE):
            chosen = numbers[start : start + _CLAIMS_AT_ONCE]
            try:
                given = self._given_before([items[number] for number in chosen], window_s)
            except StoreUnavailable as error:
                # Somebody waits for the mask, and at worst Label Studio is given it twice.
                log.warning("masks are given out unclaimed", problem=str(error))
                break
            for number, is_given in zip(chosen, given, strict=True):
                if is_given:
                    items[number] = _given()
                    lost += 1
        if lost and lost == len(items):
            time.sleep(GRACE_S)
        return items

    def _given_before(self, items: list[TaskAnswer], window_s: float) -> list[bool]:
        """Whether another request was given the mask of each; claims the others."""
        with self._store.session(wait_s=_CLAIM_WAIT_S) as session:
            return [
                not claim_send(session, item.prediction_id, window_s=window_s)
                for item in items
                if item.prediction_id is not None
            ]

    def _hand_over(self, asking: "_Asking", tasks: Sequence[JsonTask]) -> None:
        """Has the worker predict tasks, after this request."""
        known = [_essence(task) for task in tasks if _is_task(task)]
        if known and asking.project.config is not None:
            self._background.submit(lambda: self._add(asking.project, known))

    def _add(self, project: RegisteredProject, tasks: Sequence[dict[str, Any]]) -> None:
        if self._check is not None:
            claimed = {task["id"]: task["data"] for task in tasks}
            data = self._check.data_of(project, claimed, seconds=lambda: _CHECK_S)
            tasks = [{"id": number, "data": own} for number, own in data.items() if own is not None]
        if tasks:
            self._pool.add(project, tasks)

    def _count(self, answer: Answer) -> Answer:
        for item in answer.items:
            self._metrics.answers.labels(item.source).inc()
        return answer


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request."""

    project: RegisteredProject
    tasks: list[JsonTask]
    came: float  # time.monotonic()

    @property
    def single(self) -> bool:
        """Somebody has opened a task, and sits waiting."""
        return len(self.tasks) == 1

    def age(self) -> float:
        return time.monotonic() - self.came


def _without(problem: str, source: str) -> TaskAnswer:
    return TaskAnswer(json.dumps({"problem": redact(problem)}).encode(), source)


def _really(task: JsonTask, data: Mapping[int, Any]) -> JsonTask | TaskAnswer:
    """The task with its confirmed data; an answer without a mask if it has none."""
    if not _is_task(task):
        return task
    if task["id"] not in data:
        return _without("Label Studio did not confirm the task in time", "left")
    if data[task["id"]] is None:
        return _without(f"Label Studio has no task {task['id']} in this project", "problem")
    return {**task, "data": data[task["id"]]}


def _given() -> TaskAnswer:
    return _without("another request has just received this mask", "given")


def _id(task: Any) -> Any:
    return task["id"] if _is_task(task) else object()


def _is_task(task: Any) -> bool:
    return (
        isinstance(task, dict)
        and type(task.get("id")) is int
        and 0 < task["id"] <= _LARGEST_ID
        and isinstance(task.get("data"), dict)
    )


def _essence(task: JsonTask) -> dict[str, Any]:
    """What predictions need of a task, without the old annotations and predictions."""
    return {"id": task["id"], "data": task["data"]}


def _versions(task: JsonTask) -> set[str]:
    """Model versions whose predictions Label Studio has for the task, as the request says."""
    predictions = task.get("predictions")
    if not isinstance(predictions, list):
        return set()
    return {
        str(prediction.get("model_version"))
        for prediction in predictions
        if isinstance(prediction, dict)
    }
