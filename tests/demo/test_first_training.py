"""The 20th correction in the demo starts a training, in whatever order its photos are corrected."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hemline.demo.demo import _SAMPLE_GARMENTS
from hemline.demo.photo_folder import open_photo_folder
from hemline.settings import Settings
from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.projects import upsert_project
from hemline.store.loop.splits import assign_split
from hemline.store.loop.tasks import upsert_task
from hemline.store.models.readiness import Readiness, readiness
from hemline.studio.scene import VIEWS

CORRECTIONS = 20


@pytest.fixture
def tasks(tmp_path: Path) -> list[dict[str, Any]]:
    """The demo's tasks in the order of import, which Label Studio's list shows."""
    images = tmp_path / "photos" / "samples" / "images"
    images.mkdir(parents=True)
    for number in range(1, _SAMPLE_GARMENTS + 1):
        for view in VIEWS:
            (images / f"g{number:04}_{view}.jpg").touch()
    return [task["data"] for task in open_photo_folder(images, tmp_path / "photos").tasks()]


def _after(order: Sequence[dict[str, Any]], path: Path) -> Readiness:
    """What a new project has after the first corrections in that order, with the defaults."""
    settings = Settings()
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    with store.session() as session:
        project = upsert_project(session, ls_project_id=1)
        for number, data in enumerate(order[:CORRECTIONS], start=1):
            task = upsert_task(
                session,
                project.id,
                ls_task_id=number,
                data=data,
                image_url=data["image"],
                garment=data["garment"],
                view=data["view"],
            )
            record_annotation(
                session,
                project_id=project.id,
                task_id=task.id,
                ls_annotation_id=number,
                mask_digest="a" * 64,
            )
            assign_split(
                session,
                task.id,
                gold_share=settings.gold_share,
                validation_share=settings.validation_share,
                gold_minimum=settings.gold_minimum,
            )
        ready = readiness(
            session,
            project,
            retrain_after=settings.retrain_after,
            gold_minimum=settings.gold_minimum,
        )
    store.dispose()
    return ready


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_the_20th_correction_trains(
    tasks: list[dict[str, Any]], tmp_path: Path, seed: int | None
) -> None:
    """In the order of the list, where all views of a garment follow one another and the fewest
    garments are touched, and in others, as by the pre-fills' scores."""
    if seed is not None:
        random.Random(seed).shuffle(tasks)
    ready = _after(tasks, tmp_path / "hemline.db")
    assert (ready.corrections, ready.left) == (CORRECTIONS, 0)
    assert ready.gold_garments >= ready.gold_minimum
    assert ready.has_training_tasks


def test_the_list_is_the_order_that_touches_the_fewest_garments(
    tasks: list[dict[str, Any]],
) -> None:
    garments = [task["garment"] for task in tasks[:CORRECTIONS]]
    assert len(set(garments)) == -(-CORRECTIONS // len(VIEWS)) == 7
