"""A project as Label Studio has it: there, connected to our backend, and sending us webhooks."""

from collections.abc import Iterator

from hemline.labelstudio.client import Json, LabelStudioClient
from hemline.labelstudio.deadline import within
from hemline.labelstudio.http import LabelStudioRefused
from hemline.labelstudio.project.connect import SECRET_HEADER, same_url
from hemline.labelstudio.project.live_version import is_ours
from hemline.settings import Settings
from worker.doctor.diagnosis import Diagnosis, fault, healthy, skipped, warning
from worker.doctor.label_studio import client_of

WAY_OUT = "check that Label Studio answers, and that the token's user may see the project"
LIMIT_S = 12.0

_WITHIN_S = 10.0  # Label Studio asks the backend for its health on the way
_AWAY = ("DI", "ER")  # its words for a backend that did not answer it


def check_project(settings: Settings, project_id: int) -> Iterator[Diagnosis]:
    """Lines for the project, its ML backend and its webhook.

    Raises LabelStudioError if Label Studio does not answer, or not with the project.
    """
    name = f"project {project_id}"
    with client_of(settings) as client, within(_WITHIN_S):
        try:
            project = client.get_project(project_id)
        except LabelStudioRefused as error:
            if error.status != 404:
                raise
            yield fault(
                name,
                "Label Studio does not show it to the token's user",
                "give that user access, or, if it was deleted there, leave it: nothing is lost",
            )
            return
        yield healthy(name, f"'{project.get('title') or 'untitled'}' is in Label Studio")
        backend = next(
            (b for b in client.list_backends(project_id) if is_ours(b, project_id)), None
        )
        yield _backend(f"{name}: backend", settings, project_id, backend)
        yield _webhook(f"{name}: webhook", settings, project_id, client, backend)


def _backend(name: str, settings: Settings, project_id: int, backend: Json | None) -> Diagnosis:
    connect = f"run `hemline connect {project_id}`"
    if backend is None:
        return fault(name, "Label Studio has no ML backend of ours in this project", connect)
    url, here = backend["url"], settings.reachable_backend_url
    if backend.get("state") in _AWAY:
        said = " ".join(str(backend.get("error_message") or "").split())[:200]
        return fault(
            name,
            f"Label Studio does not reach {url}" + (f" ({said})" if said else ""),
            f"start `hemline backend`, or {connect} with an address that Label Studio reaches",
        )
    if not same_url(url, here):
        return warning(
            name,
            f"Label Studio calls {url}, and these settings say {here}",
            f"set HEMLINE_BACKEND_URL to the right one and {connect}",
        )
    return healthy(name, f"Label Studio reaches {url}")


def _webhook(
    name: str,
    settings: Settings,
    project_id: int,
    client: LabelStudioClient,
    backend: Json | None,
) -> Diagnosis:
    if backend is None:
        return skipped(name, f"because of 'project {project_id}: backend'")
    way_out = f"run `hemline connect {project_id}`"
    url = f"{backend['url'].rstrip('/')}/webhook"
    hook = next(
        (
            each
            for each in client.list_webhooks(project_id)
            if each.get("project") == project_id and same_url(each["url"], url)
        ),
        None,
    )
    if hook is None:
        return fault(name, f"Label Studio sends no webhooks to {url}", way_out)
    if not hook.get("is_active"):
        return fault(name, f"the webhook to {url} is switched off", way_out)
    if not hook.get("send_for_all_actions") or not hook.get("send_payload"):
        return fault(name, f"the webhook to {url} leaves out actions or their payload", way_out)
    secret = settings.webhook_secret
    if secret and (hook.get("headers") or {}).get(SECRET_HEADER) != secret:
        return fault(name, f"the webhook to {url} carries another secret than ours", way_out)
    return healthy(name, f"active, to {url}")
