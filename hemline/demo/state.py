"""What the demo remembers between starts: its account, secrets, ports and projects."""

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from hemline.errors import HemlineError
from hemline.files import write_atomically
from hemline.labelstudio.server import Account

LABEL_STUDIO_PORT = 8080
BACKEND_PORT = 9090


@dataclass(frozen=True)
class ProjectState:
    """A project that the demo made, and the digest of the list of photos imported into it."""

    project_id: int
    photos_digest: str = ""


@dataclass(frozen=True)
class DemoState:
    """`projects` maps a folder of photos to its project."""

    account: Account = field(default_factory=Account)
    webhook_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    label_studio_port: int = LABEL_STUDIO_PORT
    backend_port: int = BACKEND_PORT
    projects: dict[str, ProjectState] = field(default_factory=dict)

    def with_project(self, folder: str, project: ProjectState) -> Self:
        return replace(self, projects=self.projects | {folder: project})


def load_state(path: Path) -> DemoState:
    """The state in a file, or a new one with new secrets if there is no file.

    Raises HemlineError if the file is damaged.
    """
    try:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return DemoState(
            account=Account(**saved["account"]),
            webhook_secret=saved["webhook_secret"],
            label_studio_port=saved["label_studio_port"],
            backend_port=saved["backend_port"],
            projects={
                folder: ProjectState(**project) for folder, project in saved["projects"].items()
            },
        )
    except FileNotFoundError:
        return DemoState()
    except (ValueError, KeyError, TypeError) as error:
        raise HemlineError(
            f"{path} is damaged ({error!r}); delete the folder {path.parent} to start over"
        ) from error


def save_state(path: Path, state: DemoState) -> None:
    """Write the state where only its owner can read it."""
    text = json.dumps(asdict(state), indent=2)
    write_atomically(path, text.encode())  # made with mode 600, and renamed into place
