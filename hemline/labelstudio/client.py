"""The calls to Label Studio that Hemline makes, with the traps of each taken care of."""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from hemline.errors import LabelStudioError, LabelStudioUnavailable
from hemline.labelstudio.answers import object_of, objects, odd_answer, rows, value_of
from hemline.labelstudio.http import LabelStudioHttp, LabelStudioRefused

Json = dict[str, Any]

_PAGE_SIZE = 100
_TASKS_PER_IMPORT = 1000
_PREDICTIONS_PER_IMPORT = 500
# Label Studio takes 250 MB a request, but needs seven times the memory of what it takes.
_BYTES_PER_IMPORT = 50 * 2**20
_BULK_TIMEOUT_S = 300.0


class LabelStudioClient:
    """One user of one Label Studio. A context manager; safe to share between threads.

    Every method raises LabelStudioUnavailable when Label Studio does not answer now and
    LabelStudioRefused (with `.status`) when it answers with an error.
    """

    def __init__(self, url: str, api_key: str, *, timeout_s: float = 30.0) -> None:
        self.http = LabelStudioHttp(url, api_key, timeout_s=timeout_s)

    @property
    def url(self) -> str:
        """Label Studio's address, without a trailing slash."""
        return self.http.url

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Users

    def whoami(self) -> Json:
        """The user that the token belongs to."""
        return self._get("/api/current-user/whoami")

    def answers(self) -> bool:
        """Whether Label Studio tells us now who we are: trouble with one project or photo is then
        of that one alone."""
        try:
            self.whoami()
        except (LabelStudioUnavailable, LabelStudioRefused):
            return False
        return True

    def list_users(self) -> list[Json]:
        """Everybody of the organisation: `id`, `email`, names."""
        return self._list("/api/users/")

    # Projects

    def create_project(self, title: str, label_config: str, **fields: Any) -> Json:
        """A new project; the title has 3 to 50 characters."""
        return self._post(
            "/api/projects/", {"title": title, "label_config": label_config, **fields}
        )

    def get_project(self, project_id: int) -> Json:
        return self._get(f"/api/projects/{project_id}/")

    def update_project(self, project_id: int, **fields: Any) -> Json:
        """Change fields. `model_version` must name an existing prediction version or backend."""
        answer: Json = self.http.json("PATCH", f"/api/projects/{project_id}/", json=fields)
        return answer

    # Webhooks

    def list_webhooks(self, project_id: int) -> list[Json]:
        return self._list("/api/webhooks/", params={"project": project_id})

    def create_webhook(self, project_id: int, url: str, headers: dict[str, str]) -> Json:
        """A webhook for all actions, with payload."""
        return self._post(
            "/api/webhooks/",
            {
                "project": project_id,
                "url": url,
                "headers": headers,
                "send_payload": True,
                "send_for_all_actions": True,
                "is_active": True,
            },
        )

    def update_webhook(self, webhook: Json, **fields: Any) -> Json:
        """Change a webhook that `list_webhooks` gave; what is not named is kept."""
        # Label Studio empties `actions` when a PATCH does not name them.
        kept = {"url": webhook["url"], "actions": webhook.get("actions", [])}
        answer: Json = self.http.json(
            "PATCH", f"/api/webhooks/{webhook['id']}/", json=kept | fields
        )
        return answer

    def delete_webhook(self, webhook_id: int) -> None:
        self._delete(f"/api/webhooks/{webhook_id}/")

    # Backends

    def list_backends(self, project_id: int) -> list[Json]:
        """The project's ML backends. Label Studio asks each for its health on the way."""
        return self._list("/api/ml/", params={"project": project_id})

    def create_backend(self, project_id: int, url: str, title: str, **fields: Any) -> Json:
        """Connect a backend: it must answer /health within 1 s and /setup within 3 s."""
        return self._post("/api/ml/", {"project": project_id, "url": url, "title": title, **fields})

    def update_backend(self, backend: Json, **fields: Any) -> Json:
        """Change a backend that `list_backends` gave."""
        # Without url and project Label Studio answers 500.
        named = {"url": backend["url"], "project": backend["project"]} | fields
        answer: Json = self.http.json("PATCH", f"/api/ml/{backend['id']}", json=named)
        return answer

    def delete_backend(self, backend_id: int) -> None:
        self._delete(f"/api/ml/{backend_id}")

    # Tasks

    def import_tasks(self, project_id: int, tasks: Sequence[Json]) -> list[int]:
        """Import `{"data": {...}, ...}` items; their task ids, in order."""
        ids: list[int] = []
        for start in range(0, len(tasks), _TASKS_PER_IMPORT):
            answer = self.http.json(
                "POST",
                f"/api/projects/{project_id}/import",
                params={"return_task_ids": "true"},
                json=list(tasks[start : start + _TASKS_PER_IMPORT]),
                timeout=_BULK_TIMEOUT_S,
            )
            ids.extend(value_of(answer, "task_ids", list, "an import of tasks"))
        return ids

    def iter_tasks(
        self,
        project_id: int,
        *,
        updated_after: datetime | None = None,
        task_ids: Sequence[int] | None = None,
        full: bool = True,
    ) -> Iterator[Json]:
        """Tasks in order of id, a page at a time; `full`: with annotations and predictions.

        Pages go by id and not by number, so none is missed when tasks change meanwhile. Data is
        as it was imported: storage addresses are not resolved. Asks no backend for predictions.
        """
        last = 0
        while True:
            answer = self._task_page(project_id, last, updated_after, task_ids, full)
            page = rows(answer, "GET /api/tasks/")
            yield from page
            if len(answer) < _PAGE_SIZE:
                return
            if int(page[-1]["id"]) <= last:
                raise odd_answer("GET /api/tasks/", "tasks that were not asked for")
            last = int(page[-1]["id"])

    def get_task(self, project_id: int, task_id: int) -> Json:
        """One task with annotations and predictions, and no request to the backend."""
        for task in self.iter_tasks(project_id, task_ids=[task_id]):
            return task
        raise LabelStudioRefused(f"project {project_id} has no task {task_id}", 404)

    def update_task_data(self, task_id: int, data: Json) -> Json:
        """Replace a task's data: all of it, or what is left out is gone."""
        answer: Json = self.http.json("PATCH", f"/api/tasks/{task_id}/", json={"data": data})
        return answer

    def open_task(self, task_id: int) -> Json:
        """One task as the editor opens it: the backend predicts if there is no prediction."""
        return self._get(f"/api/tasks/{task_id}/", timeout=120.0)

    def create_annotation(self, task_id: int, result: list[Json], **fields: Any) -> Json:
        """Submit, as the editor does: `lead_time`, `parent_prediction`, `was_cancelled`, ..."""
        return self._post(f"/api/tasks/{task_id}/annotations/", {"result": result, **fields})

    # Predictions

    def update_prediction(self, prediction_id: int, **fields: Any) -> Json:
        """Change one prediction; annotations made from it stay linked with it."""
        answer: Json = self.http.json("PATCH", f"/api/predictions/{prediction_id}/", json=fields)
        return answer

    def import_predictions(self, project_id: int, predictions: Iterable[Json]) -> int:
        """Import `{"task", "result", "score", "model_version"}` items; how many were stored.

        Raises LabelStudioError if Label Studio leaves any out, which it does without a word for a
        label that the config lacks or a score outside 0 to 1.
        """
        stored = 0
        for body, count in _batches(predictions):
            answer = self.http.json(
                "POST",
                f"/api/projects/{project_id}/import/predictions",
                content=body,
                headers={"Content-Type": "application/json"},
                timeout=_BULK_TIMEOUT_S,
            )
            created = value_of(answer, "created", int, "an import of predictions")
            if created != count:
                raise LabelStudioError(
                    f"Label Studio stored {created} of {count} predictions sent to "
                    f"project {project_id}; a label is not in the label config or a score is "
                    "outside 0 to 1"
                )
            stored += count
        return stored

    def perform_action(
        self, project_id: int, action: str, task_ids: Sequence[int], **fields: Any
    ) -> Json:
        """A Data Manager action on tasks: `delete_tasks_predictions`,
        `retrieve_tasks_predictions`, `predictions_to_annotations`, `delete_tasks`, ..."""
        return self._post(
            "/api/dm/actions/",
            {"selectedItems": {"all": False, "included": list(task_ids)}, **fields},
            params={"id": action, "project": project_id},
            timeout=_BULK_TIMEOUT_S,
        )

    # Data Manager tabs

    def list_views(self, project_id: int) -> list[Json]:
        return self._list("/api/dm/views/", params={"project": project_id})

    def create_view(self, project_id: int, data: Json) -> Json:
        """A tab: `data` has title, ordering, filters, columnsDisplayType, hiddenColumns."""
        return self._post("/api/dm/views/", {"project": project_id, "data": data})

    # Storage

    def list_storages(self, project_id: int) -> list[Json]:
        """Storages of any kind that the project's photos may lie in."""
        return self._list("/api/storages/", params={"project": project_id})

    def list_local_storages(self, project_id: int) -> list[Json]:
        return self._list("/api/storages/localfiles/", params={"project": project_id})

    def create_local_storage(self, project_id: int, path: str, title: str) -> Json:
        """Let the project serve files below `path`, strictly below Label Studio's files root."""
        return self._post(
            "/api/storages/localfiles/",
            {"project": project_id, "path": path, "title": title, "use_blob_urls": True},
        )

    def presign_path(self, task_id: int, uri: str) -> str:
        """Path at which Label Studio hands out, or redirects to, what a storage address names."""
        encoded = base64.urlsafe_b64encode(uri.encode()).decode()
        return f"/tasks/{task_id}/presign/?fileuri={encoded}"

    def _task_page(
        self,
        project_id: int,
        after_id: int,
        updated_after: datetime | None,
        task_ids: Sequence[int] | None,
        full: bool,
    ) -> list[Any]:
        filters = [_filter("id", "greater", "Number", after_id)]
        if updated_after is not None:
            moment = updated_after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            filters.append(_filter("updated_at", "greater", "Datetime", moment))
        query: Json = {
            "filters": {"conjunction": "and", "items": filters},
            "ordering": ["tasks:id"],
        }
        if task_ids is not None:
            query["selectedItems"] = {"all": False, "included": list(task_ids)}
        params = {
            "project": project_id,
            "query": json.dumps(query),
            "page_size": _PAGE_SIZE,
            "resolve_uri": "false",
        }
        if full:
            params["fields"] = "all"
        answer = self._get("/api/tasks/", params=params, timeout=_BULK_TIMEOUT_S)
        tasks: list[Any] = value_of(answer, "tasks", list, "GET /api/tasks/")
        return tasks

    def _get(self, path: str, **options: Any) -> Json:
        return object_of(self.http.json("GET", path, **options), f"GET {path}")

    def _list(self, path: str, **options: Any) -> list[Json]:
        return objects(self.http.json("GET", path, **options), f"GET {path}")

    def _post(self, path: str, body: Json | None, **options: Any) -> Json:
        return object_of(self.http.json("POST", path, json=body, **options), f"POST {path}")

    def _delete(self, path: str) -> None:
        self.http.request("DELETE", path, timeout=_BULK_TIMEOUT_S)


def _filter(column: str, operator: str, kind: str, value: Any) -> Json:
    return {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": kind,
        "value": value,
    }


def _batches(predictions: Iterable[Json]) -> Iterator[tuple[bytes, int]]:
    """JSON bodies of at most so many items and bytes, with the number of items of each."""
    parts: list[bytes] = []
    size = 0
    for prediction in predictions:
        part = json.dumps(prediction, separators=(",", ":")).encode()
        if parts and (
            len(parts) == _PREDICTIONS_PER_IMPORT or size + len(part) > _BYTES_PER_IMPORT
        ):
            yield b"[" + b",".join(parts) + b"]", len(parts)
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield b"[" + b",".join(parts) + b"]", len(parts)
