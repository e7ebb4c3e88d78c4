"""A project of two labels with corrected and predicted photos, and folders to export into."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemline.export.reader import Sources
from hemline.export.request import build_sources
from hemline.images import content_digest
from hemline.labelstudio.project.config import render_label_config
from hemline.masks.codecs.png import encode_class_mask
from hemline.settings import Settings
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.tasks import record_photo, upsert_task
from hemline.store.models.models import create_version, promote
from hemline.store.tables.loop import ModelVersion, Project, Task

LABELS = ["dress", "belt"]
HEIGHT, WIDTH = 96, 72
Pixels = NDArray[np.uint8]


def figure(number: int) -> tuple[Pixels, Pixels]:
    """A photo (96, 72, 3) and its mask: a dress with a hole and an island, and a belt on it."""
    rng = np.random.default_rng(number)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    centre = (36 + number % 5, 46)
    cv2.ellipse(mask, centre, (20, 34), 12, 0, 360, 1, cv2.FILLED)
    cv2.circle(mask, (centre[0] - 4, 30), 7, 0, cv2.FILLED)
    cv2.circle(mask, (62, 8), 5, 1, cv2.FILLED)
    cv2.rectangle(mask, (centre[0] - 12, 52), (centre[0] + 12, 58), 2, cv2.FILLED)
    photo = rng.integers(0, 100, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    photo[mask > 0] += 120
    return photo, mask


def read_png(path: Path) -> Pixels:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), dtype=np.uint8)


@dataclass
class Shop:
    """What the tests change and look at."""

    sources: Sources
    project: Project
    version: ModelVersion
    photos: Path

    def add(self, name: str, **fields: str) -> Task:
        """A task with a photo, not labelled yet."""
        number = len(list(self.photos.iterdir())) + 1
        path = self.photos / name
        path.parent.mkdir(exist_ok=True, parents=True)
        cv2.imwrite(str(path), figure(number)[0][..., ::-1])
        url = f"/data/local-files/?d={name}"
        with self.sources.store.session() as session:
            task = upsert_task(
                session,
                self.project.id,
                ls_task_id=100 + number,
                data={"image": url},
                image_url=url,
                garment=f"G{number}",
                view="Front",
            )
            digest = content_digest(path.read_bytes())
            record_photo(session, task.id, digest, WIDTH, HEIGHT)
            for field, value in fields.items():
                setattr(task, field, value)
        return task

    def correct(
        self,
        task: Task,
        mask: Pixels,
        *,
        annotation: int | None = None,
        minute: int = 0,
        annotator: str = "ann",
        ground_truth: bool = False,
    ) -> int:
        """A correction of the task; its number in our store."""
        digest = self.sources.artifacts.put(encode_class_mask(mask), "mask")
        with self.sources.store.session() as session:
            return record_annotation(
                session,
                project_id=self.project.id,
                task_id=task.id,
                ls_annotation_id=annotation or task.ls_task_id + 1000,
                mask_digest=digest,
                width=mask.shape[1],
                height=mask.shape[0],
                annotator=annotator,
                ground_truth=ground_truth,
                ls_updated_at=datetime(2026, 1, 1, 9, minute, tzinfo=UTC),
            ).id

    def predict(self, task: Task, mask: Pixels) -> None:
        digest = self.sources.artifacts.put(encode_class_mask(mask), "mask")
        with self.sources.store.session() as session:
            save_prediction(
                session,
                task_id=task.id,
                model_version_id=self.version.id,
                image_digest=task.image_digest or "",
                mask_digest=digest,
                score=0.75,
                region_scores={"dress": 0.8},
            )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    photos = tmp_path / "photos"
    photos.mkdir()
    return Settings(
        home=tmp_path / "home",
        local_files_root=photos,
        label_studio_url="http://127.0.0.1:9",
        label_studio_api_key="a" * 40,
    )


@pytest.fixture
def shop(settings: Settings, sqlite_template: Path) -> Iterator[Shop]:
    settings.home_path.mkdir()
    shutil.copy(sqlite_template, settings.home_path / "hemline.db")
    sources = build_sources(settings)
    with sources.store.session() as session:
        project = upsert_project(
            session, ls_project_id=7, title="Dresses", label_config=render_label_config(LABELS)
        )
        version = create_version(
            session,
            project.id,
            recipe={"name": "hemline"},
            labels=LABELS,
            weights_digest="a" * 64,
            code_version="test",
        )
        promote(session, version.id)
    assert settings.local_files_root is not None
    yield Shop(sources, project, version, settings.local_files_root)
    sources.store.dispose()


@pytest.fixture
def corrected(shop: Shop) -> list[Task]:
    """Three tasks with corrections."""
    tasks = [shop.add(f"D{number}_Front.png") for number in range(1, 4)]
    for number, task in enumerate(tasks, start=1):
        shop.correct(task, figure(number)[1])
    return tasks


@pytest.fixture
def settings_environment(settings: Settings) -> dict[str, str]:
    """The environment that gives a child process these settings."""
    return {
        "HEMLINE_HOME": str(settings.home),
        "LOCAL_FILES_DOCUMENT_ROOT": str(settings.local_files_root),
        "LABEL_STUDIO_URL": settings.label_studio_url,
        "LABEL_STUDIO_API_KEY": settings.label_studio_api_key,
        "DATABASE_URL": "",
        "HEMLINE_ARTIFACT_URL": "",
    }
