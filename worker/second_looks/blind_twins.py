"""Makes blind twins in Label Studio, and compares what was drawn there with the first labels.

A task of the project itself would show its first label and a pre-fill. So twins are tasks of a
project of their own, which no backend is connected with: nothing is predicted there, and no webhook
of it arrives. It is no project of ours, so no twin is ever trained on, counted or split.
"""

import logging
import re
from dataclasses import dataclass
from typing import Any

from hemline.errors import (
    ArtifactError,
    LabelConfigError,
    MaskError,
)
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.click_controls import without_click_controls
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.labelstudio.project.connect import DO_NOT_CONNECT
from hemline.labelstudio.project.review_fields import DRAWER_FIELD, without_review_fields
from hemline.labelstudio.project.review_tab import TO_DRAW, ensure_tab_of
from hemline.labelstudio.regions import regions_to_layers
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.figures.boundary import hd95
from hemline.masks.figures.overlap import dice
from hemline.store.review.blind_twins import (
    end_twin,
    keep_compared,
    keep_twin_problem,
    keep_twin_task,
    keep_twins_project,
    projects_with_twins,
    waiting_twins,
)
from hemline.store.tables.loop import Project
from hemline.store.tables.second_looks import BlindTwin
from worker.ingest.by_project import by_project
from worker.ingest.submitted import Submitted, parse_submitted
from worker.second_looks.show_returns import PeopleNames
from worker.services import Services

log = logging.getLogger(__name__)

_LONGEST_TITLE = 50
_STORED = re.compile(r"(?!https?:)[a-z][a-z0-9-]*://")  # opened only with the project's storage
_WHAT = (
    "Photos of project {project} that are drawn a second time without any mask to begin from. "
    "Hemline compares the masks with the first ones. "
    f"{DO_NOT_CONNECT}"
)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What somebody else made of a twin."""

    by: str
    dice: float
    outline_px: float


def work_on_twins(services: Services) -> None:
    """Makes the twins that are asked for and compares those that are drawn, project by project; it
    waits while Label Studio is away."""
    with services.store.reading() as session:
        projects = [project for project in projects_with_twins(session) if not project.problem]
    names = PeopleNames(services)

    def failed(project: Project, error: Exception) -> None:
        is_gone = isinstance(error, LabelStudioRefused) and error.status == 404
        if is_gone and project.twins_project is not None:
            with services.store.session() as session:
                keep_twins_project(session, project, None)

    by_project(
        services,
        projects,
        lambda project: work_on_twins_of(services, project, names),
        "blind twins",
        failed,
    )


def work_on_twins_of(services: Services, project: Project, names: PeopleNames) -> None:
    """Makes and compares the twins of one project."""
    with services.store.reading() as session:
        waiting = waiting_twins(session, project.id)
    if not waiting:
        return
    label_config = twin_config(project.label_config)
    new = [twin for twin in waiting if twin.ls_task_id is None]
    if new:
        twins_project = _ensure_project(services, project, label_config)
        for twin in new:
            _make(services, twins_project, label_config, twin, names)
    made = {twin.ls_task_id: twin for twin in waiting if twin.ls_task_id is not None}
    if made and project.twins_project is not None:
        services.client.get_project(project.twins_project)  # 404: it is gone, with all its tasks
        config = parse_label_config(project.label_config)
        told = services.client.iter_tasks(project.twins_project, task_ids=list(made))
        for task in told:
            if task["id"] in made:
                _look(services, config, made[task["id"]], task, names)


def twin_config(xml: str) -> str:
    """The project's label config without reasons, verdicts and clicks: nothing answers them there.

    Raises:
        LabelConfigError: it cannot be read without them.
    """
    bare = without_click_controls(without_review_fields(xml))
    if parse_label_config(bare) != parse_label_config(xml):
        raise LabelConfigError("the label config cannot be read without its review fields")
    return bare


def _ensure_project(services: Services, project: Project, label_config: str) -> int:
    """Label Studio's project of the twins, with the labels that the project has now."""
    client = services.client
    if project.twins_project is not None:
        told = client.get_project(project.twins_project)
        if told.get("label_config") != label_config:
            client.update_project(project.twins_project, label_config=label_config)
        return project.twins_project
    title = f"Blind twins of {project.ls_project_id} {project.title}"[:_LONGEST_TITLE].strip()
    made = client.create_project(
        title, label_config, description=_WHAT.format(project=project.ls_project_id)
    )
    with services.store.session() as session:
        keep_twins_project(session, project, int(made["id"]))
    return int(made["id"])


def _make(
    services: Services,
    twins_project: int,
    label_config: str,
    twin: BlindTwin,
    names: PeopleNames,
) -> None:
    """A task with the photo alone, in the tab of who is to draw it."""
    asked = set(re.findall(r"\$(\w+)", label_config))
    data: dict[str, Any] = {key: value for key, value in twin.task.data.items() if key in asked}
    address = twin.task.image_url
    if _STORED.match(address) and not services.client.list_storages(twins_project):
        scheme = address.partition(":")[0]
        problem = (
            f"the photo is at {scheme}://, which Label Studio opens only in projects with that "
            f"storage; add it to project {twins_project} under Settings, Cloud Storage, and do not "
            "sync it"
        )
        with services.store.session() as session:
            keep_twin_problem(session, twin, problem)
        return
    if twin.asked_of:
        name = names.of(twin.asked_of)
        data[DRAWER_FIELD] = name
        ensure_tab_of(services.client, twins_project, TO_DRAW, name)
    (number,) = services.client.import_tasks(twins_project, [{"data": data}])
    with services.store.session() as session:
        keep_twin_task(session, twin, number)


def _look(
    services: Services,
    config: LabelConfig,
    twin: BlindTwin,
    task: dict[str, Any],
    names: PeopleNames,
) -> None:
    """Compares what was drawn, if somebody else drew it and it can be read."""
    first = twin.annotation
    if first is None or first.deleted_at is not None or first.mask_digest is None:
        with services.store.session() as session:
            end_twin(session, twin, "the first label is gone")
        return
    drawn, problem = None, None
    saved = [parse_submitted(values) for values in task.get("annotations") or ()]
    for submitted in sorted(saved, key=lambda one: one.ls_annotation_id):
        if submitted.was_cancelled:
            continue
        if names.of(submitted.annotator) == names.of(twin.annotator):
            problem = "who made the first label drew it; somebody else has to"
            continue
        try:
            drawn = _compared(services, config, twin, first.mask_digest, submitted)
            break
        except (MaskError, ArtifactError) as error:
            problem = str(error)
    with services.store.session() as session:
        if drawn is not None:
            keep_compared(
                session, twin, drawn_by=drawn.by, dice=drawn.dice, outline_px=drawn.outline_px
            )
        elif problem is not None and problem != twin.problem:
            keep_twin_problem(session, twin, problem)


def _compared(
    services: Services, config: LabelConfig, twin: BlindTwin, digest: str, submitted: Submitted
) -> _Drawn:
    mask = decode_class_mask(services.artifacts.get(digest))
    height, width = mask.shape
    layers = regions_to_layers(
        submitted.result, config=config, labels=config.labels, height=height, width=width
    )
    if layers.mask.shape != mask.shape:
        raise MaskError("the two masks are of different sizes")
    one, other = mask > 0, layers.mask > 0
    return _Drawn(submitted.annotator, float(dice(one, other)), float(hd95(one, other)))
