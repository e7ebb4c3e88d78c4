"""What Label Studio sends: /setup, /predict and webhook bodies, read leniently.

Field names are Label Studio's own. What is missing gets an empty value, what is not needed is
passed over, and only what makes a message unusable is an error. Tokens, logins and passwords that
come along are never kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from hemline.errors import LabelStudioError
from hemline.quoting import quoted

SUBMISSIONS = frozenset(
    {"ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_UPDATED"}
)
DELETIONS = frozenset({"ANNOTATION_DELETED", "ANNOTATIONS_DELETED"})

_SECRETS = frozenset(
    {
        "access_token",
        "api_key",
        "authorization",
        "basic_auth_pass",
        "password",
        "secret",
        "task_data_login",
        "task_data_password",
        "token",
    }
)
_OF_PROJECT = ("id", "title", "label_config")
_OF_PAYLOAD = ("action", "project", "task", "tasks", "annotation", "annotations")
_PIXELS = ("rle", "points")  # Long lists of numbers; looking into them would only take time.
_DEEPEST = 64  # Label Studio's own messages nest about ten levels.
_LARGEST_ID = 2**31 - 1  # Label Studio's and our columns of ids are 32 bits.


@dataclass(frozen=True)
class SetupRequest:
    """Body of /setup.

    Attributes:
        project: "id.created", empty if missing.
        project_id: the id in it, or None.
        schema: the label config.
        hostname: Label Studio's address as it knows it itself.
    """

    project: str
    project_id: int | None
    schema: str
    hostname: str

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Self:
        """Raises LabelStudioError if the project cannot be told from its key."""
        project, project_id = _project(payload.get("project"))
        return cls(
            project=project,
            project_id=project_id,
            schema=_text(payload.get("schema")),
            hostname=_text(payload.get("hostname")),
        )


@dataclass(frozen=True)
class PredictRequest:
    """Body of /predict.

    Attributes:
        tasks: Label Studio's tasks, in the order in which results are expected.
        project: "id.created", empty if missing.
        project_id: the id in it, else the project that the first task names, else None.
        label_config: empty if missing.
        context: of an interactive request; see `hemline.labelstudio.clicks.context`.
    """

    tasks: list[dict[str, Any]]
    project: str
    project_id: int | None
    label_config: str
    context: Any

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Self:
        """Raises LabelStudioError if tasks are no JSON objects or the project's key is broken."""
        tasks = _objects(payload.get("tasks"), "tasks")
        project, project_id = _project(payload.get("project"))
        if project_id is None and tasks:
            project_id = _project(tasks[0].get("project"))[1]
        return cls(
            tasks=tasks,
            project=project,
            project_id=project_id,
            label_config=_text(payload.get("label_config")),
            context=context_of(payload),
        )


@dataclass(frozen=True)
class WebhookPayload:
    """Body of /webhook, whichever action it tells of.

    Attributes:
        action: such as ANNOTATION_CREATED or START_TRAINING; empty if missing.
        project: Label Studio's project, empty if missing.
        project_id: id of the project, from the project itself or from the first task, or None.
        annotations: of submissions with all their fields, of deletions with "id" only.
        tasks: the tasks of the annotations, or those that were created or deleted.
    """

    action: str
    project: dict[str, Any]
    project_id: int | None
    annotations: list[dict[str, Any]]
    tasks: list[dict[str, Any]]

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Self:
        """Raises LabelStudioError if annotations, tasks or project are not what they should be."""
        project = payload.get("project")
        fields = project if isinstance(project, dict) else {}
        annotations = [
            *_objects(payload.get("annotation"), "annotation"),
            *_objects(payload.get("annotations"), "annotations"),
        ]
        tasks = [*_objects(payload.get("task"), "task"), *_objects(payload.get("tasks"), "tasks")]
        project_id = _project(fields.get("id") if fields else project)[1]
        for item in [*tasks, *annotations]:
            if project_id is None:
                project_id = _project(item.get("project"))[1]
        return cls(
            action=_text(payload.get("action")),
            project=fields,
            project_id=project_id,
            annotations=annotations,
            tasks=tasks,
        )

    @property
    def annotation_ids(self) -> list[int]:
        return [parse_id(annotation.get("id"), "annotation") for annotation in self.annotations]

    @property
    def task_ids(self) -> list[int]:
        return [parse_id(task.get("id"), "task") for task in self.tasks]


def parse_project_key(key: str | int) -> tuple[int, int | None]:
    """Id and creation time (Unix seconds) out of Label Studio's project key "id.created".

    Raises:
        LabelStudioError: the key is no "id.created" and no "id".
    """
    number, _, created = str(key).partition(".")
    return parse_id(number, "project"), int(created) if _is_number(created) else None


def context_of(payload: Mapping[str, Any]) -> Any:
    """The context of a /predict body; None where it is not interactive. An empty one is: Label
    Studio sends it when a task is left with a click on its way."""
    params = payload.get("params")
    context = params.get("context") if isinstance(params, dict) else None
    return payload.get("context") if context is None else context


def kept(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What is worked on of a webhook's payload.

    Submissions are whole, but for the many settings of their project.
    """
    fields = dict(payload)
    if isinstance(project := payload.get("project"), dict):
        fields["project"] = {name: project[name] for name in _OF_PROJECT if name in project}
    if payload.get("action") in SUBMISSIONS:
        return fields
    for name in ("task", "tasks", "annotation", "annotations"):
        fields[name] = _ids(payload.get(name))
    return {name: fields[name] for name in _OF_PAYLOAD if fields.get(name) is not None}


def _ids(value: Any) -> Any:
    """Objects with their ids and those they point to alone; what is no object is left as it is."""
    if isinstance(value, list):
        return [_ids(item) for item in value]
    if isinstance(value, dict):
        return {name: value[name] for name in ("id", "task", "project") if name in value}
    return value


def scrub(payload: Any) -> Any:
    """The payload without its tokens, logins and passwords, fit for logs and for the store.

    Raises:
        LabelStudioError: it is nested deeper than any message of Label Studio's.
    """
    return _scrub(payload, 0)


def delivery_digest(payload: Mapping[str, Any]) -> str:
    """sha256 of the payload as canonical JSON, 64 hex digits; the order of keys does not matter.

    Raises:
        LabelStudioError: it is nested too deeply to be written as JSON.
    """
    try:
        text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise _too_deep() from error
    return sha256(text.encode("ascii")).hexdigest()


def _scrub(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise _too_deep()
    if isinstance(value, dict):
        return {
            key: item if key in _PIXELS else _scrub(item, depth + 1)
            for key, item in value.items()
            if not (isinstance(key, str) and key.lower() in _SECRETS)
        }
    if isinstance(value, list):
        return [_scrub(item, depth + 1) for item in value]
    return value


def _too_deep() -> LabelStudioError:
    return LabelStudioError(
        f"a message is nested over {_DEEPEST} levels deep; Label Studio sends nothing like it"
    )


def _project(key: Any) -> tuple[str, int | None]:
    """Key as text and its id; a missing one is no error."""
    if key is None or key == "":
        return "", None
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise LabelStudioError(f"a message names the project as {quoted(key)}; send its id")
    return str(key), parse_project_key(key)[0]


def is_id(value: Any) -> bool:
    """Whether this is an id of Label Studio's, as a number or as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    if isinstance(value, int):
        return 0 < value <= _LARGEST_ID
    return _is_number(value) and 0 < int(value) <= _LARGEST_ID


def parse_id(value: Any, thing: str) -> int:
    """An id of Label Studio's. `thing` is what it is the id of, for the error.

    Raises:
        LabelStudioError: it is none.
    """
    if is_id(value):
        return int(value)
    raise LabelStudioError(f"{quoted(value)} is not a valid {thing} id; send Label Studio's number")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _objects(value: Any, key: str) -> list[dict[str, Any]]:
    """A list of JSON objects, also where Label Studio sends a single one, or none."""
    items = [] if value is None else value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, dict):
            raise LabelStudioError(
                f'"{key}" of a message holds {quoted(item)}; send JSON objects as Label Studio does'
            )
    return items
