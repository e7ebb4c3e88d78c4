"""Projects and tasks as Label Studio tells of them, brought into the store."""

from collections.abc import Mapping
from typing import Any

from hemline.labelstudio.messages import parse_id
from hemline.labelstudio.project.config import LabelConfig
from hemline.prefill import prefill, project_config
from hemline.store.loop.garments import keep_garments
from hemline.store.tables.loop import Project, Task
from worker.services import Services


def remember_project(services: Services, told: Mapping[str, Any]) -> Project:
    """The project's row, up to date with what Label Studio says of it."""
    label_config, title = str(told.get("label_config") or ""), told.get("title")
    with services.store.session() as session:
        return project_config.remember_project(
            session,
            parse_id(told.get("id"), "project"),
            label_config,
            title=title if isinstance(title, str) else None,
        ).row


def register_task(
    services: Services, project: Project, config: LabelConfig, ls_task: Mapping[str, Any]
) -> Task:
    """The task's row, up to date with what Label Studio says of it."""
    with services.store.reading() as session:
        known = prefill.unchanged_task(session, project.id, config, dict(ls_task))
    if known is not None:
        return known
    with services.store.session() as session:
        task = prefill.register_task(session, project.id, config, dict(ls_task))
    keep_garments(services.store, project.id, task.id)
    return task


def bring_up_to_date(
    session: Any, project: Project, config: LabelConfig, ls_task: dict[str, Any]
) -> tuple[Task, bool]:
    """As `register_task`, in a transaction; and whether the task was news, after which
    `keep_garments` is to be called."""
    known = prefill.unchanged_task(session, project.id, config, ls_task)
    if known is not None:
        return known, False
    return prefill.register_task(session, project.id, config, ls_task), True
