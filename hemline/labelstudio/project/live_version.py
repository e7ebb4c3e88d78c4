"""Which model version a project shows and orders by: one name at the backend and the project.

Label Studio opens a task with a live prediction only while the project's `model_version` equals
the backend's title, and orders tasks by the scores of predictions whose version equals it. With
title, project and predictions under one name, both hold.
"""

from hemline.errors import LabelStudioUnavailable
from hemline.labelstudio.client import Json, LabelStudioClient
from hemline.labelstudio.http import LabelStudioRefused


def show_version(client: LabelStudioClient, project_id: int, model_version: str) -> bool:
    """Have the project show and order by a version; whether Label Studio could do so.

    It cannot when our backend does not answer it and no prediction of the version is stored yet.
    """
    for backend in client.list_backends(project_id):
        if is_ours(backend, project_id):
            _retitle(client, backend, model_version)
    if client.get_project(project_id)["model_version"] == model_version:
        return True
    try:
        client.update_project(project_id, model_version=model_version)
    except LabelStudioRefused as error:
        if error.status == 400:
            return False
        raise
    return True


def is_ours(backend: Json, project_id: int) -> bool:
    """Whether Hemline connected the backend, by its title: a version of this project."""
    title = backend.get("title") or ""
    return bool(title == unnamed(project_id) or title.startswith(f"{unnamed(project_id)}-v"))


def unnamed(project_id: int) -> str:
    """The backend's title while the project has no model."""
    return f"hemline-{project_id}"


def _retitle(client: LabelStudioClient, backend: Json, title: str) -> None:
    if backend["title"] == title:
        return
    try:
        client.update_backend(backend, title=title)
    except LabelStudioUnavailable:
        raise
    except LabelStudioRefused as error:
        if error.status != 400:  # 400: Label Studio asked the backend, which did not answer
            raise
