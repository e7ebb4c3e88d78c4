"""Work with Label Studio, project by project: what one is in for keeps no other waiting."""

import logging
from collections.abc import Callable, Iterable

from hemline.errors import HemlineError, LabelStudioUnavailable, StoreUnavailable
from hemline.store.tables.loop import Project
from worker.services import Services

log = logging.getLogger(__name__)

_IN_A_ROW = 3  # projects that Label Studio did not answer for: the rest are left for the next time


def by_project(
    services: Services,
    projects: Iterable[Project],
    work: Callable[[Project], object],
    what: str,
    failed: Callable[[Project, Exception], None] = lambda project, error: None,
) -> None:
    """Calls `work` for each; `failed` for one that it raised for. Those that could not be read the
    last time come last.

    It ends early, to be called again later, where Label Studio itself, the database or the storage
    of artifacts is away, or three projects in a row got no answer. what: waits then, in the log.
    """
    in_a_row = 0
    for project in sorted(projects, key=lambda row: row.not_read is not None):
        try:
            work(project)
        except LabelStudioUnavailable as error:
            in_a_row += 1
            if not services.client.answers():
                log.warning("%s: waits: %s", what, error)
                return
            log.warning("project %d: %s: waits: %s", project.ls_project_id, what, error)
            failed(project, error)
            if in_a_row == _IN_A_ROW:
                return
            continue
        except StoreUnavailable as error:
            log.warning("%s: waits: %s", what, error)
            return
        except HemlineError as error:
            log.warning("project %d: %s: waits: %s", project.ls_project_id, what, error)
            failed(project, error)
        except Exception as error:
            log.exception("project %d: %s: failed", project.ls_project_id, what)
            failed(project, error)
        in_a_row = 0
