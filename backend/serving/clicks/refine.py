"""Answers a click or a box on an open task: with the region that is there, changed.

Label Studio's page shows no error, and a click that gets one stays behind and joins the next call.
So whatever goes wrong is answered with nothing to change, and noted on the task instead.
"""

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from backend.protocol.projects import ProjectBook, RegisteredProject
from backend.serving.admission import Room
from backend.serving.clicks.confirmed import ConfirmedTasks
from backend.serving.clicks.history import ClickHistory
from backend.serving.clicks.memory import Answered, ClickMemory
from backend.serving.clicks.open_tasks import OpenTasks
from backend.serving.clicks.refiner import RefinerThread
from backend.serving.clicks.regions import choose_region
from backend.serving.task_check import TaskCheck
from hemline.errors import HemlineError, StoreUnavailable
from hemline.labelstudio.clicks.answer import (
    NOTHING,
    answer_body,
    new_region_key,
    only_brushes,
    refined_region,
)
from hemline.labelstudio.clicks.context import ClickContext, ClickError, Gesture, read_context
from hemline.labelstudio.clicks.drawn import Drawn, DrawnRegion, find_drawn
from hemline.labelstudio.messages import PredictRequest, parse_id
from hemline.prefill.open_task import OpenTask
from hemline.prefill.prefill import Prefiller
from hemline.segmentation.clicks.maps import Box, Click

log = structlog.get_logger(__name__)

_AT_ONCE = 4  # requests that are worked on; as many again wait
_WAIT_S = 10.0
_GATES = 64
_MOST_NEW = 8  # clicks that one request may bring

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Region:
    """The region that is refined: the page's, or one that a click begins."""

    key: str
    label: str
    drawn: DrawnRegion | None

    @property
    def score(self) -> float:
        score = self.drawn.score if self.drawn is not None else None
        return 1.0 if score is None else score


class ClickAnswers:
    """Refines regions of open tasks; safe to share between threads."""

    def __init__(
        self,
        projects: ProjectBook,
        prefiller: Prefiller,
        refiner: RefinerThread,
        history: ClickHistory,
        *,
        check: TaskCheck | None = None,
    ) -> None:
        self._confirmed = ConfirmedTasks(check)
        self._projects = projects
        self._prefiller = prefiller
        self._refiner = refiner
        self._history = history
        self._open_tasks = OpenTasks()
        self._memory = ClickMemory()
        self._room = Room(_AT_ONCE, waiting=_AT_ONCE)
        # Clicks on one task are answered one after the other, each from where the last one ended.
        self._gates = tuple(threading.Lock() for _ in range(_GATES))

    def answer(self, payload: Mapping[str, Any]) -> bytes:
        """The JSON body that answers an interactive request; never raises."""
        project: RegisteredProject | None = None
        task: Mapping[str, Any] = {}
        try:
            message = PredictRequest.parse(payload)
            task = message.tasks[0] if message.tasks else {}
            if not task or message.project_id is None:
                return NOTHING
            named = self._project(message)
            task = self._confirmed.really(named, task)
            project = named
            with self._room.place(wait_s=_WAIT_S) as placed:
                if not placed:
                    raise ClickError("Hemline is busy with other clicks; click again")
                return self._answer(project, task, message.context)
        except (HemlineError, StoreUnavailable) as error:
            problem = str(error)
        except Exception:
            log.exception("click failed", task=task.get("id"))
            problem = "Hemline failed on a click; see its log"
        log.info("click not followed", task=task.get("id"), problem=problem)
        if project is not None:
            self._history.failed(project, task, problem)
        return NOTHING

    def _project(self, message: PredictRequest) -> RegisteredProject:
        assert message.project_id is not None
        if message.label_config:
            return self._projects.register(
                message.project_id, message.project, message.label_config
            )
        return self._projects.find(message.project_id)

    def _answer(self, project: RegisteredProject, task: Mapping[str, Any], context: Any) -> bytes:
        config = project.config
        if config is None:
            raise ClickError(str(project.problem))
        if config.control != "brush":
            raise ClickError(f"{only_brushes(config)}; correct them by hand")
        drawn = find_drawn(task, config)
        asked = read_context(context, config, drawn.left_over)
        if not asked.gestures:
            return NOTHING
        ls_task_id = parse_id(task.get("id"), "task")
        place = (project.row.ls_project_id, ls_task_id)
        with self._gates[hash(place) % _GATES]:
            opened = self._opened(project, task, place)
            height, width = opened.photo.shape[:2]
            _check_size(asked, height, width)
            found = choose_region(drawn.regions, asked.gestures[-1], height, width)
            label = found.label if found is not None else str(asked.gestures[-1].label)
            key = found.key if found is not None else new_region_key(ls_task_id, label)
            region = _Region(key, label, found)
            before = self._before(place, drawn, region, height, width)
            new = [each for each in asked.gestures if not each.key or each.key not in before.keys]
            after = self._follow(opened, region, before, new)
            answer = refined_region(
                after.mask, key=key, label=label, score=region.score, config=config
            )
            self._memory.keep(
                (*place, drawn.user, key), after.answered_with(answer["value"]["rle"])
            )
        self._history.answered(project, task, drawn.user, new, after.mask)
        return answer_body(answer, self._refiner.get().name)

    def _opened(
        self, project: RegisteredProject, task: Mapping[str, Any], place: Hashable
    ) -> OpenTask:
        config = project.config
        assert config is not None
        data = str(task.get("data"))
        return self._open_tasks.get(
            (place, data),
            lambda: self._prefiller.open_task(project.row.id, config, dict(task)),
        )

    def _before(
        self, place: tuple[int, int], drawn: Drawn, region: _Region, height: int, width: int
    ) -> Answered:
        """The region as the page has it: as it was answered a moment ago, else as it is saved."""
        known = [self._memory.find((*place, user, region.key)) for user in {drawn.user, ""}]
        last = max((each for each in known if each), key=lambda each: each.at, default=None)
        if last is not None and last.mask.shape != (height, width):
            last = None
        if last is not None and last.is_believed(drawn.draft_at):
            return last
        saved = region.drawn
        if saved is None:
            return Answered(np.zeros((height, width), dtype=np.bool_))
        if last is not None and saved.rle == last.rle:
            return Answered(last.mask, last.rle, last.clicks)
        return Answered(saved.mask(height, width), clicks=last.clicks if last is not None else ())

    def _follow(
        self,
        opened: OpenTask,
        region: _Region,
        before: Answered,
        gestures: Sequence[Gesture],
    ) -> Answered:
        """The region after gestures that it has not followed yet."""
        mask, clicks = before.mask, _standing(before)
        probability = opened.probability(region.label)
        for gesture in gestures[-_MOST_NEW:]:
            box = None
            if gesture.is_box:
                box = Box(gesture.left, gesture.top, gesture.right, gesture.bottom)
            else:
                clicks = (*clicks, Click(gesture.left, gesture.top, gesture.positive))
            mask = self._refiner.refine(opened.photo, probability, mask, clicks, box)
        keys = before.keys | {each.key for each in gestures if each.key}
        return Answered(mask, (), clicks, keys)


def _standing(before: Answered) -> tuple[Click, ...]:
    """The earlier clicks that the mask agrees with: others were undone, or painted over since."""
    height, width = before.mask.shape
    return tuple(
        click
        for click in before.clicks
        if before.mask[min(int(click.y * height), height - 1), min(int(click.x * width), width - 1)]
        == click.positive
    )


def _check_size(asked: ClickContext, height: int, width: int) -> None:
    if asked.size is not None and asked.size != (height, width):
        raise ClickError(
            f"the click was made on a photo of {asked.size[1]} x {asked.size[0]} px, but this "
            f"task's has {width} x {height} px; open the task again"
        )
