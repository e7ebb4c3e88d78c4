"""Projects and tasks as Label Studio tells of them, brought into the store."""

import logging
from collections.abc import Mapping
from typing import Any

from hemline import prefill
from hemline.errors import LabelConfigError
from hemline.labelstudio.config import LabelConfig, parse_label_config
from hemline.store.projects import forget_reconciled, get_project, upsert_project
from hemline.store.tables import Project, Task
from worker.services import Services

log = logging.getLogger(__name__)


def remember_project(services: Services, told: Mapping[str, Any]) -> Project:
    """The project's row, up to date with what Label Studio says of it.

    Where the labels are others than before, class ids mean other labels too; so all annotations
    are read anew by the next reconcile.
    """
    ls_project_id = int(told["id"])
    label_config = str(told.get("label_config") or "")
    labels, problem = _labels(label_config)
    with services.store.session() as session:
        known = get_project(session, ls_project_id)
        if known is not None and known.label_config and _labels(known.label_config)[0] != labels:
            log.info("project %d has other labels; reading it anew", ls_project_id)
            forget_reconciled(session, known.id)
        return upsert_project(
            session, ls_project_id=ls_project_id, title=told.get("title"),
            label_config=label_config or None, problem=problem,
        )  # fmt: skip


def register_task(
    services: Services, project: Project, config: LabelConfig, ls_task: Mapping[str, Any]
) -> Task:
    """The task's row, up to date with what Label Studio says of it."""
    with services.store.session() as session:
        return prefill.register_task(session, project.id, config, dict(ls_task))


def _labels(label_config: str) -> tuple[tuple[str, ...], str | None]:
    """The labels of a label config, and why there are none."""
    try:
        return parse_label_config(label_config).labels, None
    except LabelConfigError as error:
        return (), str(error)
