"""A project of any size for the dashboard's tests: drawn photos, three model versions, faults.

Rows are written in bulk, with the masks and photos of a few scenes again and again, so that a
project of 100,000 tasks takes seconds. What is planted is the same for the same numbers.
"""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sqlalchemy.orm import Session

from hemline.labelstudio.project.config import render_label_config
from hemline.masks.codecs.png import encode_class_mask
from hemline.masks.figures.overlap import dice
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.projects import upsert_project
from hemline.store.models.evaluations import record_evaluation
from hemline.store.models.models import create_version, promote
from hemline.store.tables.loop import (
    Annotation,
    DatasetSnapshot,
    ModelVersion,
    Prediction,
    Project,
    Task,
)
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewItem
from hemline.studio.faults import FaultKind, plant_fault
from hemline.studio.scene import VIEWS, draw_scene
from tests.backend.dashboard.studio_rows import (
    BEGAN,
    CHUNK,
    MEAN_DICE,
    DrawnScene,
    Plan,
    add_work,
    annotation_row,
    insert_rows,
    item_row,
    prediction_row,
    signals_row,
    task_row,
)

_SCENES = 8


def fill_project(
    store: Store,
    artifacts: ArtifactStore,
    *,
    tasks: int,
    photos: Path,
    ls_project_id: int = 1,
    labelled: float = 0.5,
    faulty: float = 0.2,
    title: str = "Spring dresses",
    height: int = 96,
    width: int = 64,
) -> Project:
    """A project of `tasks` tasks, whose photos are files below the local files root `photos`.

    The first `labelled` of the tasks have annotations, each of them made from the pre-fill of the
    version of its day; `faulty` of those have a faulty label, and a review item that says so. The
    other tasks have an item in the order of photos. One training and one job are running.
    """
    scenes = [draw(artifacts, photos, number, height, width) for number in range(_SCENES)]
    with store.session() as session:
        project = upsert_project(
            session,
            ls_project_id=ls_project_id,
            title=title,
            label_config=render_label_config(["garment"]),
        )
        versions = _add_versions(session, artifacts, project, tasks, scenes)
        last_label = round(tasks * labelled)
        plan = Plan(project.id, tasks, last_label, faulty, scenes, versions, (height, width))
        _add_rows(session, plan)
        add_work(session, project.id, versions, tasks)
    return project


def draw(
    artifacts: ArtifactStore, photos: Path, number: int, height: int, width: int
) -> DrawnScene:
    """Draws and stores one scene: photo, truth, faulty label, pre-fill."""
    scene = draw_scene(number + 1, view=VIEWS[number % 3], height=height, width=width)
    kind = list(FaultKind)[number % len(FaultKind)]
    fault = plant_fault(scene, kind, number, severity=1.0)
    name = f"scene{number}_{scene.view}.png"
    data = cv2.imencode(".png", fault.image[..., ::-1])[1].tobytes()
    photos.mkdir(parents=True, exist_ok=True)
    (photos / name).write_bytes(data)
    prefill = np.asarray(cv2.erode(scene.mask, np.ones((3, 3), np.uint8)), np.uint8)
    return DrawnScene(
        fault=kind,
        photo=name,
        photo_digest=sha256(data).hexdigest(),
        truth=artifacts.put(encode_class_mask(scene.mask), "mask"),
        faulty=artifacts.put(encode_class_mask(fault.mask), "mask"),
        prefill=artifacts.put(encode_class_mask(prefill), "mask"),
        faulty_dice=float(dice(prefill > 0, fault.mask > 0)),
        prefill_dice=float(dice(prefill > 0, scene.mask > 0)),
    )


def _add_versions(
    session: Session,
    artifacts: ArtifactStore,
    project: Project,
    tasks: int,
    scenes: list[DrawnScene],
) -> list[ModelVersion]:
    """A starter, a version that was promoted after it, and the champion, whose judgement kept the
    masks; of the one before it, it kept none."""
    versions: list[ModelVersion] = []
    gold = range(1, min(tasks, 40) + 1)
    for number, mean in enumerate(MEAN_DICE):
        parent = versions[-1] if versions else None
        snapshot = DatasetSnapshot(
            project_id=project.id,
            digest=f"{number + 1:064x}",
            labels=["garment"],
            counts={"train": 30 * number, "gold": 12, "validation": 5},
        )
        session.add(snapshot)
        session.flush()
        version = create_version(
            session,
            project.id,
            recipe={"name": "starter" if parent is None else "hemline"},
            labels=["garment"],
            weights_digest=artifacts.put(b"weights %d" % number, "weights"),
            code_version="0.1.0",
            parent_id=parent.id if parent else None,
            snapshot_id=snapshot.id if parent else None,
            figures=_training_figures(number, mean) if parent else {},
        )
        version.created_at = BEGAN + timedelta(days=30 * number)
        if parent is not None:
            record_evaluation(
                session,
                model_version_id=version.id,
                champion_id=parent.id,
                snapshot_id=snapshot.id,
                promoted=True,
                decision="promoted: Dice +0.0400 [+0.0200, +0.0600] on 12 gold garments, "
                "p = 0.0020 (needs 0.05)",
                figures=_evaluation_figures(
                    mean, list(gold), scenes if number == len(MEAN_DICE) - 1 else []
                ),
            )
        promote(session, version.id, now=version.created_at)
        versions.append(version)
    return versions


def _training_figures(number: int, mean: float) -> dict[str, Any]:
    curve = [
        {
            "epoch": epoch,
            "epochs": 12,
            "loss": 0.7 / epoch + 0.05,
            "dice": mean - 0.2 / epoch,
            "threshold": 0.5,
            "seconds": 9.0,
        }
        for epoch in range(1, 13)
    ]
    return {
        "best_epoch": 12,
        "validation_dice": mean - 0.017,
        "trained_on": 30 * number,
        "validated_on": 5,
        "skipped": [],
        "curve": curve,
        "left_out": [],
    }


def _evaluation_figures(mean: float, tasks: list[int], scenes: list[DrawnScene]) -> dict[str, Any]:
    """Figures of a judgement; with scenes, its masks too: pre-fills, the champion's the faulty."""
    rng = np.random.default_rng(3)
    items = [
        {
            "id": f"task-{task}",
            "garment": f"g{task // 3}",
            "dice": float(np.clip(mean + rng.normal(0, 0.03), 0, 1)),
            "champion_dice": float(np.clip(mean - 0.04 + rng.normal(0, 0.03), 0, 1)),
            **(
                {
                    "mask": scenes[task % len(scenes)].prefill,
                    "champion_mask": scenes[task % len(scenes)].faulty,
                }
                if scenes
                else {}
            ),
        }
        for task in tasks
    ]
    return {
        "garments": 12,
        "photos": len(items),
        "mean_dice": mean,
        "champion_mean_dice": mean - 0.04,
        "difference": 0.04,
        "low": 0.02,
        "high": 0.06,
        "p": 0.002,
        "level": 0.05,
        "items": items,
    }


def _add_rows(session: Session, plan: Plan) -> None:
    rng = np.random.default_rng(plan.tasks)
    for start in range(1, plan.tasks + 1, CHUNK):
        numbers = range(start, min(start + CHUNK, plan.tasks + 1))
        first = insert_rows(session, Task, [task_row(plan, number) for number in numbers])
        # The same order of numbers in every table: row k of a chunk is about task first + k.
        ids = dict(zip(numbers, range(first, first + len(numbers)), strict=True))
        noise = rng.normal(0, 0.04, len(numbers))
        predictions = [
            prediction_row(plan, number, ids[number], which)
            for number in numbers
            for which in sorted({plan.version_of_day(number), 2})
        ]
        shown = insert_rows(session, Prediction, predictions)
        by_task = {
            row["task_id"]: shown + place for place, row in reversed(list(enumerate(predictions)))
        }
        insert_rows(
            session,
            PredictionSignals,
            [signals_row(row, shown + place) for place, row in enumerate(predictions)],
        )
        labelled = [number for number in numbers if number <= plan.last_label]
        annotations = [
            annotation_row(plan, number, ids[number], by_task[ids[number]], float(noise[k]))
            for k, number in enumerate(labelled)
        ]
        first_annotation = insert_rows(session, Annotation, annotations) if annotations else 0
        items = []
        for k, number in enumerate(numbers):
            annotation = first_annotation + k if number <= plan.last_label else None
            items.append(item_row(plan, number, ids[number], by_task[ids[number]], annotation))
        insert_rows(session, ReviewItem, items)
        if annotations:
            insert_rows(
                session,
                LabelSignals,
                [
                    {
                        "annotation_id": first_annotation + k,
                        "mask_digest": row["mask_digest"],
                        "prediction_id": row["prediction_id"],
                        "values": {},
                        "regions": {},
                        "risk": items[k]["priority"],
                    }
                    for k, row in enumerate(annotations)
                ],
            )
