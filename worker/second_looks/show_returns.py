"""Has Label Studio show each annotator the labels that were sent back to them, in a tab of theirs.

Label Studio's open edition assigns no tasks. So a task's data names who is to correct it, which the
person's tab asks for, and has the reviewer's comment, which is a column there. Both are taken out
of the data again once the label has been saved.
"""

import logging
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from hemline.errors import HemlineError, LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.review_fields import COMMENT_FIELD, CORRECTOR_FIELD
from hemline.labelstudio.project.review_tab import TO_CORRECT, ensure_tab_of
from hemline.store.review.returned import keep_shown_to, projects_with_returns, returns_to_show
from hemline.store.states import ReturnState
from hemline.store.tables.loop import Project
from hemline.store.tables.second_looks import ReturnedLabel
from worker.ingest.by_project import by_project
from worker.services import Services

log = logging.getLogger(__name__)

NO_COMMENT = "found wrong by {}"


class PeopleNames:
    """Names of Label Studio's users, which annotations mostly have by number; asked for once."""

    def __init__(self, services: Services) -> None:
        self._client = services.client
        self._emails: dict[str, str] | None = None

    def of(self, annotator: str) -> str:
        """The person's email address; a number that Label Studio does not know stays."""
        return self._known().get(annotator) or annotator if annotator.isdecimal() else annotator

    def number_of(self, email: str) -> str:
        """The number of the person with that email address.

        Raises:
            HemlineError: Label Studio knows nobody of it.
        """
        for number, known in self._known().items():
            if known == email:
                return number
        raise HemlineError(
            f"Label Studio has no user {email!r}; it has {', '.join(self._known().values())}"
        )

    def _known(self) -> dict[str, str]:
        if self._emails is None:
            try:
                users = self._client.list_users()
            except LabelStudioRefused as error:
                log.info("people are shown by number: %s", error)
                users = []
            self._emails = {str(user.get("id")): str(user.get("email") or "") for user in users}
        return self._emails


def show_returns(services: Services) -> None:
    """Brings the tabs of all projects up to date; it waits while Label Studio is away."""
    with services.store.reading() as session:
        projects = [project for project in projects_with_returns(session) if not project.problem]
    names = PeopleNames(services)
    by_project(
        services,
        projects,
        lambda project: show_returns_of(services, project, names),
        "showing labels that were sent back",
    )


def show_returns_of(services: Services, project: Project, names: PeopleNames) -> int:
    """Brings one project's tabs up to date; how many tasks were changed."""
    with services.store.reading() as session:
        rows = sorted(returns_to_show(session, project.id), key=lambda row: row.task_id)
    tabs: set[str] = set()
    changed = 0
    for _, group in groupby(rows, key=lambda row: row.task_id):
        of_task = list(group)
        waiting = next((row for row in of_task if row.state == ReturnState.WAITING), None)
        name = names.of(waiting.annotator) if waiting is not None else None
        if all(row.shown_to == (name if row is waiting else None) for row in of_task):
            continue
        if name is not None and name not in tabs:
            ensure_tab_of(services.client, project.ls_project_id, TO_CORRECT, name)
            tabs.add(name)
        changed += _send(services, project, of_task, waiting, name)
    return changed


def _send(
    services: Services,
    project: Project,
    rows: Sequence[ReturnedLabel],
    waiting: ReturnedLabel | None,
    name: str | None,
) -> bool:
    """Changes one task's data, all of the rest as Label Studio has it now; whether it could."""
    task = rows[0].task
    data: dict[str, Any] | None = None
    try:
        data = dict(services.client.get_task(project.ls_project_id, task.ls_task_id)["data"])
        for field in (CORRECTOR_FIELD, COMMENT_FIELD):
            data.pop(field, None)
        if waiting is not None:
            data[CORRECTOR_FIELD] = name
            data[COMMENT_FIELD] = waiting.comment or NO_COMMENT.format(waiting.sent_by)
        services.client.update_task_data(task.ls_task_id, data)
    except LabelStudioUnavailable:
        raise
    except LabelStudioRefused as error:
        log.info("task %d is not in its annotator's tab: %s", task.ls_task_id, error)
        if waiting is not None:
            return False
        data = None
    with services.store.session() as session:
        for row in rows:
            keep_shown_to(session, row, data, name if row is waiting else None)
    return data is not None
