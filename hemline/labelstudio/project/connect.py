"""Connects a project to the backend: once or many times, the outcome is the same."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from hemline.errors import LabelStudioError
from hemline.labelstudio.client import Json, LabelStudioClient
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.click_controls import (
    ClickControls,
    add_click_controls,
    add_instruction,
)
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.project.controls_in_words import controls_in_words
from hemline.labelstudio.project.live_version import is_ours, show_version, unnamed
from hemline.labelstudio.project.review_fields import add_review_fields, has_review_fields
from hemline.labelstudio.project.review_tab import ensure_tabs
from hemline.settings import Settings

SECRET_HEADER = "X-Hemline-Secret"
_POLL_S = 0.5
DO_NOT_CONNECT = "Do not connect this project with Hemline."  # at the end of its description


@dataclass(frozen=True)
class Connection:
    """What connects a project: ids in Label Studio, and the version it shows, if any."""

    project_id: int
    backend_id: int
    webhook_id: int
    model_version: str
    clicks: bool = True  # masks can be corrected with clicks
    clicks_problem: str = ""  # why the controls for that were not added
    notes: tuple[str, ...] = ()  # what the label config means for masks, a sentence each


def connect(
    client: LabelStudioClient,
    settings: Settings,
    project_id: int,
    *,
    backend_url: str,
    review_fields: bool = False,
    clicks: bool = True,
    first_model: bool = False,
    on_step: Callable[[str], None] = lambda step: None,
    patience_s: float = 60.0,
) -> Connection:
    """Set the project up so that its tasks open pre-filled and corrections come back.

    `backend_url` is the backend's address as Label Studio reaches it. Backends and webhooks that
    an earlier connect left at other addresses are removed; those of others stay. A project of one
    label, and any with `first_model`, gets a model as soon as the backend hears of it: that is
    waited for, for `patience_s` seconds.

    `review_fields` adds the reason and the verdict to the label config. `clicks` adds the controls
    that masks are corrected with by clicks, says in the project's instructions how, and has Label
    Studio send clicks. Without both the label config is left alone.

    Raises LabelConfigError if the project's label config cannot be pre-filled, LabelStudioError if
    Label Studio refuses the backend or cannot reach it.
    """
    backend_url = backend_url.rstrip("/")
    project = client.get_project(project_id)
    if str(project.get("description") or "").endswith(DO_NOT_CONNECT):
        raise LabelStudioError(
            f"project {project_id} holds blind twins of another one, which are drawn without any "
            "pre-fill; connect another project"
        )
    config = parse_label_config(project["label_config"])
    label_config = project["label_config"]
    if review_fields:
        label_config = add_review_fields(label_config)
    controls = add_click_controls(label_config) if clicks else ClickControls(label_config)
    label_config = controls.label_config
    interactive = clicks and parse_label_config(label_config).takes_clicks
    instructions = str(project.get("expert_instruction") or "")
    if interactive and not controls.problem:
        instructions = add_instruction(instructions, label_config)
    on_step("project settings")
    client.update_project(
        project_id,
        **({"label_config": label_config} if label_config != project["label_config"] else {}),
        expert_instruction=instructions,
        show_collab_predictions=True,  # a task opens with its prediction as a new annotation
        evaluate_predictions_automatically=False,  # each page of the table would wait for masks
        sampling="Uncertainty sampling",
        min_annotations_to_start_training=0,  # Label Studio's own trigger blocks "Submit"
    )
    on_step("backend")
    gone = _remove_stale_backends(client, project_id, backend_url)
    backend = _ensure_backend(client, settings, project_id, backend_url, interactive)
    on_step("webhook")
    webhook = _ensure_webhook(client, settings, project_id, backend_url, gone)
    on_step("tabs")
    ensure_tabs(client, project_id, review=has_review_fields(label_config))
    if (first_model or len(config.labels) == 1) and not backend.get("model_version"):
        on_step("first model")
        backend = _wait_for_model(client, backend, patience_s)
    model_version = backend.get("model_version") or ""
    if model_version:
        show_version(client, project_id, model_version)
    return Connection(
        project_id,
        backend["id"],
        webhook["id"],
        model_version,
        clicks=interactive,
        clicks_problem=controls.problem,
        notes=tuple(controls_in_words(label_config)),
    )


def _remove_stale_backends(
    client: LabelStudioClient, project_id: int, backend_url: str
) -> set[str]:
    """Our backends at other addresses, and all but one at this; the addresses that are gone."""
    gone: set[str] = set()
    kept = False
    for backend in client.list_backends(project_id):
        here = same_url(backend["url"], backend_url)
        if here and not kept:
            kept = True
        elif here or is_ours(backend, project_id):
            client.delete_backend(backend["id"])
            if not here:
                gone.add(backend["url"].rstrip("/"))
    return gone


def _ensure_backend(
    client: LabelStudioClient,
    settings: Settings,
    project_id: int,
    backend_url: str,
    interactive: bool,
) -> Json:
    fields: Json = {"is_interactive": interactive, "auto_update": True, "auth_method": "NONE"}
    if settings.basic_auth_user:
        fields |= {
            "auth_method": "BASIC_AUTH",
            "basic_auth_user": settings.basic_auth_user,
            "basic_auth_pass": settings.basic_auth_pass,
        }
    try:
        for backend in client.list_backends(project_id):
            if same_url(backend["url"], backend_url):
                if not is_ours(backend, project_id):
                    fields["title"] = unnamed(project_id)
                return client.update_backend(backend, **fields)
        return client.create_backend(project_id, backend_url, unnamed(project_id), **fields)
    except LabelStudioRefused as error:
        raise _explained(error, backend_url) from error


def _wait_for_model(client: LabelStudioClient, backend: Json, patience_s: float) -> Json:
    """The backend as it is when it has a model, or when patience ends."""
    deadline = time.monotonic() + patience_s
    while not backend.get("model_version") and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        backends = client.list_backends(backend["project"])
        backend = next((item for item in backends if item["id"] == backend["id"]), backend)
    return backend


def _explained(error: LabelStudioRefused, backend_url: str) -> LabelStudioError:
    if _is_guarded(error):
        return LabelStudioError(
            f"Label Studio refuses the private address {backend_url}; start it with "
            "ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false, or give an address that "
            "is not private"
        )
    if "Enter a valid URL" in str(error):
        return LabelStudioError(
            f"Label Studio sends no webhooks to {backend_url}: the host's name needs a dot "
            "(or to be localhost, or an IP address); give the backend such a name and set "
            "HEMLINE_BACKEND_URL to it"
        )
    if error.status in (400, 500):
        return LabelStudioError(
            f"Label Studio cannot use the backend at {backend_url}: is it running, and reachable "
            f"from Label Studio's machine? {error}"
        )
    return error


def _is_guarded(error: LabelStudioRefused) -> bool:
    """Whether one of Label Studio's two guards against private addresses spoke."""
    return error.status == 403 or "reserved" in str(error) or "SSRF" in str(error)


def _ensure_webhook(
    client: LabelStudioClient,
    settings: Settings,
    project_id: int,
    backend_url: str,
    gone: set[str],
) -> Json:
    """The one webhook to the backend, with the secret that Label Studio leaves out by itself."""
    url = f"{backend_url}/webhook"
    headers = {SECRET_HEADER: settings.webhook_secret} if settings.webhook_secret else {}
    kept: Json | None = None
    for hook in client.list_webhooks(project_id):
        if hook["project"] != project_id:
            continue
        if same_url(hook["url"], url) and kept is None:
            kept = hook
        elif same_url(hook["url"], url) or _is_orphan(hook, gone):
            client.delete_webhook(hook["id"])
    try:
        if kept is None:
            return client.create_webhook(project_id, url, headers)
        return client.update_webhook(
            kept,
            headers=headers,
            send_payload=True,
            send_for_all_actions=True,
            is_active=True,
        )
    except LabelStudioRefused as error:
        raise _explained(error, backend_url) from error


def _is_orphan(hook: Json, gone: set[str]) -> bool:
    """Whether an earlier connect left it behind: it carries our header, or its backend is gone."""
    if SECRET_HEADER in (hook.get("headers") or {}):
        return True
    return any(same_url(hook["url"], f"{url}/webhook") for url in gone)


def same_url(first: str, second: str) -> bool:
    """Whether two addresses are one: case of the host and a slash at the end do not count."""
    one, other = urlsplit(first.rstrip("/")), urlsplit(second.rstrip("/"))
    return (one.scheme, one.netloc.lower(), one.path) == (
        other.scheme,
        other.netloc.lower(),
        other.path,
    )
