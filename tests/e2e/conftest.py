"""The whole of Hemline beside a real Label Studio, and a browser in front of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from hemline.demo.environment import child_environment
from hemline.demo.photo_folder import open_photo_folder
from hemline.demo.project import import_photos
from hemline.demo.stack import Stack, stack_settings
from hemline.labelstudio.client import Json
from hemline.labelstudio.project.config import LabelConfig, parse_label_config, render_label_config
from hemline.labelstudio.regions import mask_to_regions, regions_to_mask
from hemline.masks.codecs.png import decode_class_mask
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.projects import get_project
from hemline.store.states import DeliveryState
from hemline.store.tables.loop import Annotation, Project
from hemline.system.ports import pick_free_port
from tests.e2e.editor import Editor
from tests.plugins.label_studio import ACCOUNT
from tests.plugins.label_studio_user import LabelStudioUser

RETRAIN_AFTER = 21  # corrections, one a garment: the first count with six gold garments
ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "e2e"
GARMENT = parse_label_config(render_label_config(["garment"]))

# The starter's network, on fewer pixels and for fewer steps: a training of seconds.
_RECIPE = """
name = "quick"
fine_tune_rate = 1e-3

[network]
architecture = "unet"
encoder = "mobilenet_v2"

[input]
pixels = 13_824

[fine_tune]
epochs = 3
batch = 4
least_steps = 12

[prediction]
flip = false
"""
_PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Deployment:
    """A running stack, with its store and artifacts as its own processes see them."""

    stack: Stack
    store: Store
    artifacts: ArtifactStore
    user: LabelStudioUser

    def new_project(self, title: str, *, labels: tuple[str, ...] = ("garment",)) -> int:
        made: int = self.stack.client.create_project(title, render_label_config(labels))["id"]
        return made

    def import_folder(self, project: int, folder: Path) -> dict[str, int]:
        """Import the photos of a folder below the stack's files root; task ids by file name."""
        import_photos(self.stack.client, project, open_photo_folder(folder, self.stack.files_root))
        tasks = self.stack.client.iter_tasks(project, full=False)
        return {Path(task["data"]["image"]).name: task["id"] for task in tasks}

    def predictions(self, project: int) -> dict[int, list[Json]]:
        """What Label Studio holds for each task without an annotation."""
        return {
            task["id"]: task["predictions"]
            for task in self.stack.client.iter_tasks(project)
            if not task["annotations"]
        }

    def project(self, ls_project_id: int) -> Project:
        with self.store.reading() as session:
            row = get_project(session, ls_project_id)
        assert row is not None
        return row

    def annotation(self, ls_project_id: int, ls_annotation_id: int) -> Annotation | None:
        """The annotation in Hemline's store."""
        with self.store.reading() as session:
            row = get_project(session, ls_project_id)
            return find_annotation(session, row.id, ls_annotation_id) if row else None

    def waiting_deliveries(self) -> int:
        """Webhooks that are stored and not worked on yet."""
        with self.store.reading() as session:
            counts = count_by_state(session)
        return counts.get(DeliveryState.NEW, 0)

    def mask(self, digest: str) -> NDArray[np.uint8]:
        return decode_class_mask(self.artifacts.get(digest))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `hemline` with this deployment's settings."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("hemline")), *words],
            env=child_environment(self.stack.settings),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="session")
def deployment(
    label_studio_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Label Studio, backend and worker in a folder of their own."""
    home = tmp_path_factory.mktemp("e2e")
    shutil.copytree(label_studio_data, home / "label-studio")
    recipe = home / "quick.toml"
    recipe.write_text(_RECIPE, encoding="utf-8")
    settings = stack_settings(
        home,
        ACCOUNT,
        label_studio_port=pick_free_port(),
        backend_port=pick_free_port(),
        webhook_secret="e2e",
        retrain_after=RETRAIN_AFTER,
        recipe=str(recipe),
        # Webhooks alone must do: nothing may be found by looking again.
        reconcile_every_s=3600.0,
    )
    stack = Stack(settings, ACCOUNT)
    store = Store(settings.database)
    with stack, LabelStudioUser(stack.url, ACCOUNT.token) as user:
        yield Deployment(stack, store, ArtifactStore(settings.artifacts), user)
        process = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        shutil.copytree(home / "logs", ARTIFACTS / "logs" / process, dirs_exist_ok=True)
    store.dispose()


@pytest.fixture(scope="session")
def browser_state(chromium: Browser, deployment: Deployment) -> Any:
    """The cookies of a person who has logged in."""
    context = chromium.new_context()
    context.set_default_timeout(_PATIENCE_MS)
    Editor(context.new_page(), deployment.stack.url).log_in(ACCOUNT)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_editor(
    chromium: Browser, deployment: Deployment, browser_state: Any
) -> Iterator[Callable[..., Editor]]:
    """Opens browser windows of the person who has logged in."""
    contexts = []

    def open_editor() -> Editor:
        context = chromium.new_context(
            storage_state=browser_state, viewport={"width": 1280, "height": 800}
        )
        context.set_default_timeout(_PATIENCE_MS)
        contexts.append(context)
        return Editor(context.new_page(), deployment.stack.url)

    yield open_editor
    for context in contexts:
        context.close()


@pytest.fixture
def editor(open_editor: Callable[..., Editor]) -> Editor:
    return open_editor()


def as_regions(mask: NDArray[np.uint8], config: LabelConfig = GARMENT) -> list[Json]:
    """Regions as an annotator's editor sends them."""
    return mask_to_regions(
        mask, config=config, labels=config.labels, region_scores={}, seed="by hand"
    )


def as_mask(regions: list[Json], config: LabelConfig = GARMENT) -> NDArray[np.uint8]:
    """The mask of what Label Studio holds."""
    return regions_to_mask(regions, config=config, labels=config.labels, height=None, width=None)
