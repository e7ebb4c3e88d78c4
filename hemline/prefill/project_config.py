"""A project as Label Studio tells of it, brought into the store: one way for all who hear of it."""

import logging
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hemline.errors import LabelConfigError
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.store.loop.projects import forget_reconciled, get_project, upsert_project
from hemline.store.tables.loop import Project

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project's row and its parsed label config; `problem` says why there is no config."""

    row: Project
    config: LabelConfig | None
    problem: str | None


def remember_project(
    session: Session,
    ls_project_id: int,
    label_config: str,
    *,
    ls_key: str = "",
    title: str | None = None,
) -> KnownProject:
    """The project, up to date with what Label Studio says of it.

    Where the labels are others than before, class ids mean other labels too, and another control or
    image means other regions; so all annotations are read anew by the next reconcile. So they are
    where the config before could not be used, for what was annotated under it was not taken in.
    """
    config, problem = _parse(label_config)
    known = get_project(session, ls_project_id)
    if known is not None and known.label_config:
        before, _ = _parse(known.label_config)
        if before != config:
            log.info("project %d has another control or photo; reading it again", ls_project_id)
            forget_reconciled(session, known.id)
    row = upsert_project(
        session,
        ls_project_id=ls_project_id,
        ls_key=ls_key,
        title=title,
        label_config=label_config or None,
        problem=problem,
    )
    return KnownProject(row, config, problem)


def _parse(label_config: str) -> tuple[LabelConfig | None, str | None]:
    try:
        return parse_label_config(label_config), None
    except LabelConfigError as error:
        return None, str(error)
