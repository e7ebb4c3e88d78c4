"""The demo's project: made once, photos imported once each, connected at every start."""

import time
from collections.abc import Callable, Sequence
from itertools import islice

from hemline.demo.labels import LABELS
from hemline.demo.photo_folder import DemoPhotoFolder
from hemline.demo.stack import Stack
from hemline.demo.state import ProjectState
from hemline.errors import HemlineError
from hemline.labelstudio.client import Json, LabelStudioClient
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.project.review_fields import add_review_fields

_INSTRUCTION = (
    "Each photo opens with its garment masked. Correct the mask with the brush and the eraser, "
    "then submit it; if it is right, submit it as it is."
)
_INSTRUCTION_OF_SEVERAL = (
    "Each photo opens with a mask for each label that was found in it. Correct the masks with the "
    "brush and the eraser, draw the labels that are missing, then submit the photo; if all is "
    "right, submit it as it is."
)
_WANTED = 3
_TRIED = 12
_PREFILL_TIMEOUT_S = 180.0
_PAUSE_S = 1.0


def find_project(
    client: LabelStudioClient,
    known: ProjectState | None,
    title: str,
    labels: Sequence[str] = LABELS,
) -> ProjectState:
    """The project that was made before, or a new one of these labels if it is gone."""
    if known is not None:
        try:
            client.get_project(known.project_id)
        except LabelStudioRefused as error:
            if error.status != 404:
                raise
        else:
            return known
    made = client.create_project(
        title[:50].ljust(3, "_"),
        add_review_fields(render_label_config(labels)),
        expert_instruction=_INSTRUCTION if len(labels) == 1 else _INSTRUCTION_OF_SEVERAL,
        show_instruction=False,
    )
    return ProjectState(made["id"])


def import_photos(client: LabelStudioClient, project_id: int, folder: DemoPhotoFolder) -> int:
    """Import the photos that the project lacks, in the folder's order; how many they were."""
    served = str(folder.served)
    if not any(item["path"] == served for item in client.list_local_storages(project_id)):
        client.create_local_storage(project_id, served, folder.folder.name or "photos")
    known = {task["data"].get("image") for task in client.iter_tasks(project_id, full=False)}
    new = [task for task in folder.tasks() if task["data"]["image"] not in known]
    client.import_tasks(project_id, new)
    return len(new)


def see_first_prefilled(
    stack: Stack, project_id: int, on_wait: Callable[[str], None] = lambda detail: None
) -> None:
    """Open the first open tasks as the editor would, until some have a mask.

    A photo that cannot be read does not stop the others. Raises HemlineError if no task has a mask
    in time.
    """
    deadline = time.monotonic() + _PREFILL_TIMEOUT_S
    waiting = _first_open_tasks(stack.client, project_id)
    wanted = min(_WANTED, len(waiting))
    prefilled = 0
    while waiting:
        for task in list(waiting):
            stack.check()
            on_wait(f"{prefilled} of {wanted} tasks")
            if stack.client.open_task(task["id"])["predictions"]:
                waiting.remove(task)
                prefilled += 1
            if prefilled == wanted:
                return
        if prefilled:
            return
        if time.monotonic() > deadline:
            raise HemlineError(
                f"no task has a mask after {_PREFILL_TIMEOUT_S:.0f} s; {stack.home / 'logs'} and "
                "`hemline problems` say why"
            )
        time.sleep(_PAUSE_S)


def _first_open_tasks(client: LabelStudioClient, project_id: int) -> list[Json]:
    open_tasks = (
        task for task in client.iter_tasks(project_id, full=False) if not task["is_labeled"]
    )
    return list(islice(open_tasks, _TRIED))
