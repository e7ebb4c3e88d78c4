"""A client that also does what people do in Label Studio and Hemline never does."""

from collections.abc import Sequence
from typing import Any

from hemline.labelstudio.client import Json, LabelStudioClient
from hemline.labelstudio.http import LabelStudioRefused

_PAGE_SIZE = 100
_TIMEOUT_S = 300.0


class LabelStudioUser(LabelStudioClient):
    """The client that Hemline uses, with the calls that only tests make."""

    def create_personal_token(self) -> str:
        """A personal access token of this user; refused with 409 if one exists."""
        token: str = self._post("/api/token/", None)["token"]
        return token

    def list_projects(self) -> list[Json]:
        """All projects the user can see."""
        found: list[Json] = []
        page = 1
        while True:
            answer = self._get("/api/projects/", params={"page": page, "page_size": _PAGE_SIZE})
            found.extend(answer["results"])
            if not answer.get("next"):
                return found
            page += 1

    def delete_project(self, project_id: int) -> None:
        self.http.request("DELETE", f"/api/projects/{project_id}/", timeout=_TIMEOUT_S)

    def model_versions(self, project_id: int) -> dict[str, int]:
        """The number of predictions of each version that has any."""
        return self._get(f"/api/projects/{project_id}/model-versions/")

    def delete_model_version(self, project_id: int, model_version: str) -> None:
        """Delete all its predictions. Annotations made from them lose their parent prediction."""
        self.http.request(
            "DELETE",
            f"/api/projects/{project_id}/model-versions/",
            json={"model_version": model_version},
            timeout=_TIMEOUT_S,
        )

    def start_training(self, backend_id: int) -> None:
        """What the button "Start training" does: sends START_TRAINING to the backend."""
        self.http.request("POST", f"/api/ml/{backend_id}/train", json={}, timeout=120.0)

    def upload_files(self, project_id: int, files: Sequence[tuple[str, bytes]]) -> list[int]:
        """Upload photos, one task each; their task ids."""
        ids: list[int] = []
        for name, data in files:
            answer = self.http.json(
                "POST",
                f"/api/projects/{project_id}/import",
                params={"return_task_ids": "true"},
                files={name: (name, data, "application/octet-stream")},
                timeout=_TIMEOUT_S,
            )
            ids.extend(answer["task_ids"])
        return ids

    def next_task(self, project_id: int) -> Json | None:
        """The task "Label All Tasks" gives next, locked for this user; None if none is left."""
        try:
            return self._get(f"/api/projects/{project_id}/next", timeout=120.0)
        except LabelStudioRefused as error:
            if error.status == 404:
                return None
            raise

    def update_annotation(self, annotation_id: int, **fields: Any) -> Json:
        answer: Json = self.http.json("PATCH", f"/api/annotations/{annotation_id}/", json=fields)
        return answer

    def delete_annotation(self, annotation_id: int) -> None:
        self.http.request("DELETE", f"/api/annotations/{annotation_id}/")
