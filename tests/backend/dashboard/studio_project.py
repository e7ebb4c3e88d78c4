"""A project of any size for the dashboard's tests: drawn photos, three model versions, faults.

Rows are written in bulk, with the masks and photos of a few scenes again and again, so that a
project of 100,000 tasks takes seconds. What is planted is the same for the same numbers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from hemline.labelstudio.project.config import render_label_config
from hemline.masks.overlap import dice
from hemline.masks.png import encode_class_mask
from hemline.reasons import Reason
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.evaluations import record_evaluation
from hemline.store.loop.jobs import queue_job
from hemline.store.loop.models import create_version, promote
from hemline.store.loop.projects import upsert_project
from hemline.store.states import (
    JobKind,
    ReviewKind,
    ReviewState,
    RunState,
    RunTrigger,
    Split,
    Verdict,
)
from hemline.store.tables.loop import (
    Annotation,
    DatasetSnapshot,
    ModelVersion,
    Prediction,
    Project,
    Task,
    TrainingRun,
)
from hemline.store.tables.review import LabelSignals, PredictionSignals, ReviewItem
from hemline.studio.faults import FaultKind, plant_fault
from hemline.studio.scene import VIEWS, draw_scene

ANNOTATORS = ("ada@studio.example", "bea@studio.example", "cem@studio.example")
GARMENT_TYPES = ("dress", "jacket", "skirt", "trousers")
BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_CHUNK = 5_000
_SCENES = 8
_MEAN_DICE = (0.82, 0.90, 0.94)  # of the three versions' pre-fills


@dataclass(frozen=True, slots=True)
class DrawnScene:
    """A scene whose photo and masks are stored: truth, a faulty label, a pre-fill."""

    fault: FaultKind
    photo: str  # file below the photos' root
    photo_digest: str
    truth: str
    faulty: str
    prefill: str
    faulty_dice: float
    prefill_dice: float


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
            session, ls_project_id=ls_project_id, title=title,
            label_config=render_label_config(["garment"]),
        )  # fmt: skip
        versions = _add_versions(session, artifacts, project, tasks, scenes)
        last_label = round(tasks * labelled)
        plan = _Plan(project.id, tasks, last_label, faulty, scenes, versions, (height, width))
        _add_rows(session, plan)
        _add_work(session, project.id, versions, tasks)
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


@dataclass(frozen=True, slots=True)
class _Plan:
    project_id: int
    tasks: int
    last_label: int  # tasks 1 .. last_label have an annotation
    faulty: float
    scenes: list[DrawnScene]
    versions: list[ModelVersion]
    size: tuple[int, int]

    def scene(self, number: int) -> DrawnScene:
        return self.scenes[number % len(self.scenes)]

    def is_faulty(self, number: int) -> bool:
        return (number * self.faulty) % 1 < self.faulty - 1e-9

    def version_of_day(self, number: int) -> int:
        """Which version's pre-fill the task was corrected from."""
        return min(2, 3 * (number - 1) // max(1, self.last_label))


def _add_versions(
    session: Session, artifacts: ArtifactStore, project: Project, tasks: int,
    scenes: list[DrawnScene],
) -> list[ModelVersion]:  # fmt: skip
    """A starter, a version that was promoted after it, and the champion, whose judgement kept the
    masks; of the one before it, it kept none."""
    versions: list[ModelVersion] = []
    gold = range(1, min(tasks, 40) + 1)
    for number, mean in enumerate(_MEAN_DICE):
        parent = versions[-1] if versions else None
        snapshot = DatasetSnapshot(
            project_id=project.id, digest=f"{number + 1:064x}", labels=["garment"],
            counts={"train": 30 * number, "gold": 12, "validation": 5},
        )  # fmt: skip
        session.add(snapshot)
        session.flush()
        version = create_version(
            session, project.id, recipe={"name": "starter" if parent is None else "hemline"},
            labels=["garment"], weights_digest=artifacts.put(b"weights %d" % number, "weights"),
            code_version="0.1.0", parent_id=parent.id if parent else None,
            snapshot_id=snapshot.id if parent else None,
            figures=_training_figures(number, mean) if parent else {},
        )  # fmt: skip
        version.created_at = BEGAN + timedelta(days=30 * number)
        if parent is not None:
            record_evaluation(
                session, model_version_id=version.id, champion_id=parent.id,
                snapshot_id=snapshot.id, promoted=True,
                decision="promoted: Dice +0.0400 [+0.0200, +0.0600] on 12 gold garments, "
                "p = 0.0020 (needs 0.05)",
                figures=_evaluation_figures(
                    mean, list(gold), scenes if number == len(_MEAN_DICE) - 1 else []
                ),
            )  # fmt: skip
        promote(session, version.id, now=version.created_at)
        versions.append(version)
    return versions


def _training_figures(number: int, mean: float) -> dict[str, Any]:
    curve = [
        {"epoch": epoch, "epochs": 12, "loss": 0.7 / epoch + 0.05,
         "dice": mean - 0.2 / epoch, "threshold": 0.5, "seconds": 9.0}
        for epoch in range(1, 13)
    ]  # fmt: skip
    return {
        "best_epoch": 12, "validation_dice": mean - 0.017, "trained_on": 30 * number,
        "validated_on": 5, "skipped": [], "curve": curve, "left_out": [],
    }  # fmt: skip


def _evaluation_figures(mean: float, tasks: list[int], scenes: list[DrawnScene]) -> dict[str, Any]:
    """Figures of a judgement; with scenes, its masks too: pre-fills, the champion's the faulty."""
    rng = np.random.default_rng(3)
    items = [
        {"id": f"task-{task}", "garment": f"g{task // 3}",
         "dice": float(np.clip(mean + rng.normal(0, 0.03), 0, 1)),
         "champion_dice": float(np.clip(mean - 0.04 + rng.normal(0, 0.03), 0, 1)),
         **({"mask": scenes[task % len(scenes)].prefill,
             "champion_mask": scenes[task % len(scenes)].faulty} if scenes else {})}
        for task in tasks
    ]  # fmt: skip
    return {
        "garments": 12, "photos": len(items), "mean_dice": mean,
        "champion_mean_dice": mean - 0.04, "difference": 0.04, "low": 0.02, "high": 0.06,
        "p": 0.002, "level": 0.05, "items": items,
    }  # fmt: skip


def _add_rows(session: Session, plan: _Plan) -> None:
    rng = np.random.default_rng(plan.tasks)
    for start in range(1, plan.tasks + 1, _CHUNK):
        numbers = range(start, min(start + _CHUNK, plan.tasks + 1))
        first = _insert(session, Task, [_task(plan, number) for number in numbers])
        # The same order of numbers in every table: row k of a chunk is about task first + k.
        ids = dict(zip(numbers, range(first, first + len(numbers)), strict=True))
        noise = rng.normal(0, 0.04, len(numbers))
        predictions = [
            _prediction(plan, number, ids[number], which)
            for number in numbers
            for which in sorted({plan.version_of_day(number), 2})
        ]
        shown = _insert(session, Prediction, predictions)
        by_task = {row["task_id"]: shown + place for place, row in reversed(
            list(enumerate(predictions)))}  # fmt: skip
        _insert(session, PredictionSignals, [
            _signals(row, shown + place) for place, row in enumerate(predictions)
        ])  # fmt: skip
        labelled = [number for number in numbers if number <= plan.last_label]
        annotations = [
            _annotation(plan, number, ids[number], by_task[ids[number]], float(noise[k]))
            for k, number in enumerate(labelled)
        ]
        first_annotation = _insert(session, Annotation, annotations) if annotations else 0
        items = []
        for k, number in enumerate(numbers):
            annotation = first_annotation + k if number <= plan.last_label else None
            items.append(_item(plan, number, ids[number], by_task[ids[number]], annotation))
        _insert(session, ReviewItem, items)
        if annotations:
            _insert(session, LabelSignals, [
                {"annotation_id": first_annotation + k, "mask_digest": row["mask_digest"],
                 "prediction_id": row["prediction_id"], "values": {}, "regions": {},
                 "risk": items[k]["priority"]}
                for k, row in enumerate(annotations)
            ])  # fmt: skip


def _insert(session: Session, table: Any, rows: list[dict[str, Any]]) -> int:
    """Inserts rows with ids of its own choosing; returns the first."""
    key = next(iter(table.__table__.primary_key)).name
    if key != "id":
        session.execute(insert(table), rows)
        return 0
    last = session.query(table.id).order_by(table.id.desc()).limit(1).scalar() or 0
    session.execute(insert(table), [{"id": last + 1 + k, **row} for k, row in enumerate(rows)])
    return int(last) + 1


def _task(plan: _Plan, number: int) -> dict[str, Any]:
    scene = plan.scene(number)
    address = f"/data/local-files/?d=photos/{scene.photo}"
    return {
        "project_id": plan.project_id, "ls_task_id": number, "data": {"image": address},
        "image_url": address, "garment": f"g{(number + 2) // 3:05d}",
        "view": VIEWS[number % 3], "garment_type": GARMENT_TYPES[(number // 3) % 4],
        "photo_session": f"day {1 + number // 400}", "image_digest": scene.photo_digest,
        "height": plan.size[0], "width": plan.size[1],
        "split": list(Split)[(number // 3) % 3] if number <= plan.last_label else None,
        "is_labeled": number <= plan.last_label,
        "problem": "image 'lost.jpg' is gone; upload it again" if number % 97 == 0 else None,
        "created_at": BEGAN, "updated_at": BEGAN,
    }  # fmt: skip


def _prediction(plan: _Plan, number: int, task_id: int, which: int) -> dict[str, Any]:
    scene = plan.scene(number)
    return {
        "task_id": task_id, "model_version_id": plan.versions[which].id,
        "image_digest": scene.photo_digest, "mask_digest": scene.prefill,
        "score": round(0.5 + (number * 37 % 50) / 100, 4), "region_scores": {"garment": 0.9},
        "sent_at": plan.versions[which].created_at, "created_at": plan.versions[which].created_at,
    }  # fmt: skip


def _signals(row: dict[str, Any], prediction_id: int) -> dict[str, Any]:
    return {
        "prediction_id": prediction_id, "image_digest": row["image_digest"], "version": 1,
        "values": {"expected_dice": row["score"]}, "predicted_dice": row["score"],
        "predicted_dice_low": row["score"] - 0.05, "cluster": prediction_id % 7,
    }  # fmt: skip


def _annotation(
    plan: _Plan, number: int, task_id: int, prediction_id: int, noise: float
) -> dict[str, Any]:
    scene, faulty = plan.scene(number), plan.is_faulty(number)
    untouched = number % 7 == 0
    mean = _MEAN_DICE[plan.version_of_day(number)] - (0.25 if faulty else 0)
    by_hand = number % 11 == 0  # Label Studio had no pre-fill yet
    return {
        "project_id": plan.project_id, "task_id": task_id, "ls_annotation_id": number,
        "prediction_id": None if by_hand else prediction_id,
        "mask_digest": scene.faulty if faulty else scene.prefill if untouched else scene.truth,
        "width": plan.size[1], "height": plan.size[0],
        "annotator": ANNOTATORS[number % len(ANNOTATORS)],
        "lead_time_s": 240.0 + number % 60 if by_hand
        else 4.0 if untouched else 70.0 - 10 * plan.version_of_day(number) + number % 40,
        "untouched": untouched and not by_hand,
        "dice": None if by_hand else 1.0 if untouched else float(np.clip(mean + noise, 0, 0.995)),
        "changed_at": BEGAN + timedelta(hours=2000 * number / max(plan.last_label, 1)),
        "ls_updated_at": BEGAN + timedelta(hours=2000 * number / max(plan.last_label, 1)),
    }  # fmt: skip


def _item(
    plan: _Plan, number: int, task_id: int, prediction_id: int, annotation_id: int | None
) -> dict[str, Any]:
    scene, faulty = plan.scene(number), plan.is_faulty(number) and annotation_id is not None
    reasons = _reasons(number, scene.fault) if faulty else set()
    settled = faulty and number % 3 == 0
    content = scene.photo_digest if annotation_id is None else scene.faulty
    return {
        "project_id": plan.project_id, "task_id": task_id,
        "kind": ReviewKind.PHOTO if annotation_id is None else ReviewKind.LABEL,
        "state": ReviewState.CLOSED if settled else ReviewState.OPEN,
        "priority": (0.9 if faulty else 0.3) + (number * 61 % 1000) / 10_000,
        "annotation_id": annotation_id, "prediction_id": prediction_id,
        **{reason.value: reason in reasons for reason in Reason},
        "reasons": {reason.value: {"number": 0.4, "percentile": 97.0} for reason in reasons},
        "content_digest": content, "settled_digest": content if settled else None,
        "verdict": Verdict.LABEL_WRONG if settled else None,
        "verdict_by": "ada" if settled else "",
        "verdict_at": BEGAN + timedelta(days=70) if settled else None,
        "created_at": BEGAN + timedelta(days=number % 90),
    }  # fmt: skip


def _reasons(number: int, fault: FaultKind) -> set[Reason]:
    """Bad ground truth unless only the photo is spoilt; often with another beside it."""
    first = Reason.LOW_CONTRAST if fault is FaultKind.BLENDED else Reason.BAD_GROUND_TRUTH
    second = [None, Reason.LIMITED_DATA, Reason.TOO_COMPLICATED, None][number % 4]
    return {first, second} if second else {first}


def _add_work(session: Session, project_id: int, versions: list[ModelVersion], tasks: int) -> None:
    """A training that was done, one that runs, and a job that is half through."""
    now = datetime.now(UTC)
    snapshot_id = versions[-1].snapshot_id
    for version in versions[1:]:
        session.add(TrainingRun(
            project_id=project_id, snapshot_id=version.snapshot_id, state=RunState.SUCCEEDED,
            trigger=RunTrigger.CORRECTIONS, epoch=12, epochs=12, model_version_id=version.id,
            created_at=version.created_at, started_at=version.created_at,
            finished_at=version.created_at + timedelta(minutes=9), attempts=1,
        ))  # fmt: skip
    session.add(TrainingRun(
        project_id=project_id, snapshot_id=snapshot_id, state=RunState.RUNNING, attempts=1,
        trigger=RunTrigger.CORRECTIONS, epoch=5, epochs=12, lease_owner="host:1",
        lease_until=now + timedelta(hours=1), started_at=now - timedelta(minutes=3),
        created_at=BEGAN + timedelta(days=80),
    ))  # fmt: skip
    job = queue_job(session, project_id, JobKind.PREDICT_POOL, {})
    job.done, job.total = tasks // 4, tasks // 2
