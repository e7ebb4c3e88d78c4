"""As much of Label Studio as the worker talks to, in memory, to be stopped and started at will."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

# What is answered instead: status, content type, body and headers; None hangs up.
Fault = tuple[int, str, bytes, dict[str, str]] | None


class FakeLabelStudio:
    """One project, and those that are made beside it. Tests change its rows as people would in the
    real one."""

    def __init__(self, label_config: str, project_id: int = 7) -> None:
        self.project: Json = {
            "id": project_id,
            "title": "Garments",
            "label_config": label_config,
            "model_version": "",
        }
        self.others: dict[int, Json] = {}  # projects made by the API; their tasks say so
        self.views: list[Json] = []
        self.users: list[Json] = [{"id": 1, "email": "ann@x.org"}, {"id": 2, "email": "ben@x.org"}]
        self.storages: list[Json] = []
        self.tasks: dict[int, Json] = {}
        self.annotations: dict[int, Json] = {}
        self.predictions: list[Json] = []
        self.backends: list[Json] = []
        self.webhooks: list[Json] = []
        self.version: Json = {"release": "1.23.0"}
        self.date = ""  # its clock in an answer's header; empty: this machine's
        self.files: dict[str, bytes] = {}
        self.refused_tasks: set[int] = set()  # an import that names one of these is answered 400
        self.faults: list[tuple[str, Fault]] = []  # by a part of "METHOD /path"; the first counts
        self.lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Nothing listens on its port until `start`, which takes the same one again."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def add_task(self, name: str, photo: bytes, **data: Any) -> int:
        with self.lock:
            task_id = max(self.tasks, default=0) + 1
            url = f"/data/upload/{self.project['id']}/{name}"
            self.files[url] = photo
            self.tasks[task_id] = {
                "id": task_id,
                "data": {"image": url, **data},
                "updated_at": now(),
                "is_labeled": False,
            }
            return task_id

    def annotate(self, task_id: int, result: list[Json], **fields: Any) -> Json:
        """The annotation as a webhook tells of it."""
        with self.lock:
            number = max(self.annotations, default=100) + 1
            self.annotations[number] = {
                "id": number,
                "task": task_id,
                "result": result,
                "completed_by": 1,
                "lead_time": 12.5,
                "was_cancelled": False,
                "ground_truth": False,
                "created_at": now(),
                "updated_at": now(),
                **fields,
            }
            self.touch(task_id)
            return self.annotations[number]

    def update(self, annotation_id: int, **fields: Any) -> Json:
        with self.lock:
            self.annotations[annotation_id] |= {**fields, "updated_at": now()}
            self.touch(self.annotations[annotation_id]["task"])
            return self.annotations[annotation_id]

    def delete(self, annotation_id: int) -> None:
        with self.lock:
            self.touch(self.annotations.pop(annotation_id)["task"])

    def touch(self, task_id: int) -> None:
        self.tasks[task_id]["updated_at"] = now()

    def payload(self, action: str, annotation: Json) -> Json:
        """A webhook's body."""
        task = self.tasks[annotation["task"]]
        return {
            "action": action,
            "annotation": dict(annotation),
            "task": dict(task),
            "project": dict(self.project),
        }

    def tab(self, title: str, project_id: int | None = None) -> list[int] | None:
        """The tasks that a tab shows whose filter asks for a text; None if there is no such tab."""
        own = self.project["id"] if project_id is None else project_id
        for view in self.views:
            if view["project"] == own and view["data"].get("title") == title:
                (item,) = view["data"]["filters"]["items"]
                field = item["filter"].removeprefix("filter:tasks:data.")
                return [
                    number
                    for number, row in self.tasks.items()
                    if row.get("project", self.project["id"]) == own
                    and row["data"].get(field) == item["value"]
                ]
        return None

    def full_task(self, task_id: int) -> Json:
        return {
            **self.tasks[task_id],
            "annotations": [row for row in self.annotations.values() if row["task"] == task_id],
            "predictions": [row for row in self.predictions if row["task"] == task_id],
        }


class _Handler(BaseHTTPRequestHandler):
    fake: FakeLabelStudio  # HTTP/1.0: no connection outlives `stop`

    def do_GET(self) -> None:
        if self._is_faulty():
            return
        path, query = self._where()
        with self.fake.lock:
            if path in self.fake.files:
                self._answer(200, self.fake.files[path], "image/png")
            elif path == f"/api/projects/{self.fake.project['id']}/":
                self._json(200, self.fake.project | {"task_number": len(self.fake.tasks)})
            elif path.endswith("/model-versions/"):
                names = [row["model_version"] for row in self.fake.predictions]
                self._json(200, {name: names.count(name) for name in names})
            elif path == "/api/tasks/":
                self._json(200, {"tasks": self._tasks(query)})
            elif path == "/api/version/":
                self._json(200, self.fake.version)
            elif path == "/api/ml/":
                self._json(200, self.fake.backends)
            elif (listed := self._listed(path, query)) is not None:
                self._json(200, listed)
            elif path == "/api/webhooks/":
                self._json(200, self.fake.webhooks)
            else:
                self._json(404, {"detail": "Not found."})

    def do_POST(self) -> None:
        path, query = self._where()
        body = self._body()
        if self._is_faulty():
            return
        with self.fake.lock:
            if path == "/api/projects/":
                number = 1 + max([self.fake.project["id"], *self.fake.others])
                self.fake.others[number] = {"id": number, **body}
                self._json(201, self.fake.others[number])
            elif path == "/api/dm/views/":
                self.fake.views.append({"id": len(self.fake.views) + 1, **body})
                self._json(201, self.fake.views[-1])
            elif path.endswith("/import") and self._other(path):
                first = max(self.fake.tasks, default=0) + 1
                for number, task in enumerate(body, first):
                    project = int(path.split("/")[3])
                    row = {"id": number, "project": project, "is_labeled": False, **task}
                    self.fake.tasks[number] = {**row, "updated_at": now()}
                self._json(201, {"task_ids": [first + k for k in range(len(body))]})
            elif path == "/api/dm/actions/" and query["id"] == ["delete_tasks_predictions"]:
                chosen = set(body["selectedItems"]["included"])
                kept = [row for row in self.fake.predictions if row["task"] not in chosen]
                self.fake.predictions[:] = kept
                self._json(200, {"processed_items": len(chosen)})
            elif path.endswith("/import/predictions"):
                self._import(body)
            else:
                self._json(404, {"detail": "Not found."})

    def do_PATCH(self) -> None:
        path, _ = self._where()
        body = self._body()
        if self._is_faulty():
            return
        with self.fake.lock:
            if path.startswith("/api/predictions/"):
                number = int(path.split("/")[3])
                row = next(row for row in self.fake.predictions if row["id"] == number)
                row.update(body)
                self._json(200, row)
                return
            if path.startswith("/api/tasks/"):
                row = self.fake.tasks[int(path.split("/")[3])]
                row.update(body)  # data is replaced, whatever it lacks
                self._json(200, row)
                return
            row = self._other(path) or self.fake.project
            row.update(body)
            self._json(200, row)

    def _listed(self, path: str, query: dict[str, list[str]]) -> Any:
        """What is asked for of one of all projects, or of everybody."""
        if path in ("/api/users/", "/api/current-user/whoami"):
            return self.fake.users if path.endswith("users/") else {"id": 1}
        kept = {"/api/dm/views/": self.fake.views, "/api/storages/": self.fake.storages}
        if path in kept:
            return [row for row in kept[path] if row["project"] == int(query["project"][0])]
        return self._other(path)

    def _other(self, path: str) -> Json | None:
        parts = path.split("/")
        is_project = path.startswith("/api/projects/") and parts[3].isdecimal()
        return self.fake.others.get(int(parts[3])) if is_project else None

    def _is_faulty(self) -> bool:
        asked = f"{self.command} {self.path}"
        for part, fault in self.fake.faults:
            if part in asked:
                if fault is not None:
                    status, kind, body, headers = fault
                    self._answer(status, body, kind, headers)
                return True
        return False

    def _import(self, items: list[Json]) -> None:
        tasks = {item["task"] for item in items}
        if tasks & self.fake.refused_tasks or tasks - set(self.fake.tasks):
            self._json(400, {"detail": 'invalid "task" field'})
            return
        first = max((row["id"] for row in self.fake.predictions), default=0) + 1
        self.fake.predictions.extend(
            {"id": number, **item} for number, item in enumerate(items, first)
        )
        self._json(201, {"created": len(items)})

    def _tasks(self, asked: dict[str, list[str]]) -> list[Json]:
        query = json.loads(asked["query"][0])
        own, project = self.fake.project["id"], int(asked["project"][0])
        after, since = 0, ""
        for item in query["filters"]["items"]:
            if item["filter"].endswith("updated_at"):
                since = item["value"]
            else:
                after = item["value"]
        included = query.get("selectedItems", {}).get("included", self.fake.tasks)
        chosen = [n for n in sorted(self.fake.tasks) if n > after and n in included]
        chosen = [n for n in chosen if self.fake.tasks[n].get("project", own) == project]
        rows = [self.fake.full_task(number) for number in chosen]
        return [row for row in rows if row["updated_at"] > since][:100]

    def _where(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return parts.path, parse_qs(parts.query)

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

    def _json(self, status: int, body: Any) -> None:
        self._answer(status, json.dumps(body).encode(), "application/json")

    def _answer(
        self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.fake.date or super().date_time_string(timestamp)

    def log_message(self, *_: Any) -> None:
        pass


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
