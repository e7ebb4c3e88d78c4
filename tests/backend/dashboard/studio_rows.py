"""Rows of the drawn studio project: tasks, predictions, annotations, items, work."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from hemline.reasons import Reason
from hemline.store.loop.jobs import queue_job
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
    ModelVersion,
    TrainingRun,
)
from hemline.studio.faults import FaultKind
from hemline.studio.scene import VIEWS

ANNOTATORS = ("ada@studio.example", "bea@studio.example", "cem@studio.example")


GARMENT_TYPES = ("dress", "jacket", "skirt", "trousers")


BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)


CHUNK = 5_000


MEAN_DICE = (0.82, 0.90, 0.94)  # of the three versions' pre-fills


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


@dataclass(frozen=True, slots=True)
class Plan:
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


def insert_rows(session: Session, table: Any, rows: list[dict[str, Any]]) -> int:
    """Inserts rows with ids of its own choosing; returns the first."""
    key = next(iter(table.__table__.primary_key)).name
    if key != "id":
        session.execute(insert(table), rows)
        return 0
    last = session.query(table.id).order_by(table.id.desc()).limit(1).scalar() or 0
    session.execute(insert(table), [{"id": last + 1 + k, **row} for k, row in enumerate(rows)])
    return int(last) + 1


def task_row(plan: Plan, number: int) -> dict[str, Any]:
    scene = plan.scene(number)
    address = f"/data/local-files/?d=photos/{scene.photo}"
    return {
        "project_id": plan.project_id,
        "ls_task_id": number,
        "data": {"image": address},
        "image_url": address,
        "garment": f"g{(number + 2) // 3:05d}",
        "view": VIEWS[number % 3],
        "garment_type": GARMENT_TYPES[(number // 3) % 4],
        "photo_session": f"day {1 + number // 400}",
        "image_digest": scene.photo_digest,
        "height": plan.size[0],
        "width": plan.size[1],
        "split": list(Split)[(number // 3) % 3] if number <= plan.last_label else None,
        "is_labeled": number <= plan.last_label,
        "problem": "image 'lost.jpg' is gone; upload it again" if number % 97 == 0 else None,
        "created_at": BEGAN,
        "updated_at": BEGAN,
    }


def prediction_row(plan: Plan, number: int, task_id: int, which: int) -> dict[str, Any]:
    scene = plan.scene(number)
    return {
        "task_id": task_id,
        "model_version_id": plan.versions[which].id,
        "image_digest": scene.photo_digest,
        "mask_digest": scene.prefill,
        "score": round(0.5 + (number * 37 % 50) / 100, 4),
        "region_scores": {"garment": 0.9},
        "sent_at": plan.versions[which].created_at,
        "created_at": plan.versions[which].created_at,
    }


def signals_row(row: dict[str, Any], prediction_id: int) -> dict[str, Any]:
    return {
        "prediction_id": prediction_id,
        "image_digest": row["image_digest"],
        "version": 1,
        "values": {"expected_dice": row["score"]},
        "predicted_dice": row["score"],
        "predicted_dice_low": row["score"] - 0.05,
        "outline_within_px": 3.2,
        "cluster": prediction_id % 7,
    }


def annotation_row(
    plan: Plan, number: int, task_id: int, prediction_id: int, noise: float
) -> dict[str, Any]:
    scene, faulty = plan.scene(number), plan.is_faulty(number)
    untouched = number % 7 == 0
    mean = MEAN_DICE[plan.version_of_day(number)] - (0.25 if faulty else 0)
    by_hand = number % 11 == 0  # Label Studio had no pre-fill yet
    return {
        "project_id": plan.project_id,
        "task_id": task_id,
        "ls_annotation_id": number,
        "prediction_id": None if by_hand else prediction_id,
        "mask_digest": scene.faulty if faulty else scene.prefill if untouched else scene.truth,
        "width": plan.size[1],
        "height": plan.size[0],
        "annotator": ANNOTATORS[number % len(ANNOTATORS)],
        "lead_time_s": 240.0 + number % 60
        if by_hand
        else 4.0
        if untouched
        else 70.0 - 10 * plan.version_of_day(number) + number % 40,
        "untouched": untouched and not by_hand,
        "dice": None if by_hand else 1.0 if untouched else float(np.clip(mean + noise, 0, 0.995)),
        "changed_at": BEGAN + timedelta(hours=2000 * number / max(plan.last_label, 1)),
        "ls_updated_at": BEGAN + timedelta(hours=2000 * number / max(plan.last_label, 1)),
    }


def item_row(
    plan: Plan, number: int, task_id: int, prediction_id: int, annotation_id: int | None
) -> dict[str, Any]:
    scene, faulty = plan.scene(number), plan.is_faulty(number) and annotation_id is not None
    reasons = _reasons(number, scene.fault) if faulty else set()
    settled = faulty and number % 3 == 0
    content = scene.photo_digest if annotation_id is None else scene.faulty
    return {
        "project_id": plan.project_id,
        "task_id": task_id,
        "kind": ReviewKind.PHOTO if annotation_id is None else ReviewKind.LABEL,
        "state": ReviewState.CLOSED if settled else ReviewState.OPEN,
        "priority": (0.9 if faulty else 0.3) + (number * 61 % 1000) / 10_000,
        "annotation_id": annotation_id,
        "prediction_id": prediction_id,
        **{reason.value: reason in reasons for reason in Reason},
        "reasons": {reason.value: {"number": 0.4, "percentile": 97.0} for reason in reasons},
        "content_digest": content,
        "settled_digest": content if settled else None,
        "verdict": Verdict.LABEL_WRONG if settled else None,
        "verdict_by": "ada" if settled else "",
        "verdict_at": BEGAN + timedelta(days=70) if settled else None,
        "created_at": BEGAN + timedelta(days=number % 90),
    }


def _reasons(number: int, fault: FaultKind) -> set[Reason]:
    """Bad ground truth unless only the photo is spoilt; often with another beside it."""
    first = Reason.LOW_CONTRAST if fault is FaultKind.BLENDED else Reason.BAD_GROUND_TRUTH
    second = [None, Reason.LIMITED_DATA, Reason.TOO_COMPLICATED, None][number % 4]
    return {first, second} if second else {first}


def add_work(session: Session, project_id: int, versions: list[ModelVersion], tasks: int) -> None:
    """A training that was done, one that runs, and a job that is half through."""
    now = datetime.now(UTC)
    snapshot_id = versions[-1].snapshot_id
    for version in versions[1:]:
        session.add(
            TrainingRun(
                project_id=project_id,
                snapshot_id=version.snapshot_id,
                state=RunState.SUCCEEDED,
                trigger=RunTrigger.CORRECTIONS,
                epoch=12,
                epochs=12,
                model_version_id=version.id,
                created_at=version.created_at,
                started_at=version.created_at,
                finished_at=version.created_at + timedelta(minutes=9),
                attempts=1,
            )
        )
    session.add(
        TrainingRun(
            project_id=project_id,
            snapshot_id=snapshot_id,
            state=RunState.RUNNING,
            attempts=1,
            trigger=RunTrigger.CORRECTIONS,
            epoch=5,
            epochs=12,
            lease_owner="host:1",
            lease_until=now + timedelta(hours=1),
            started_at=now - timedelta(minutes=3),
            created_at=BEGAN + timedelta(days=80),
        )
    )
    job = queue_job(session, project_id, JobKind.PREDICT_POOL, {})
    job.done, job.total = tasks // 4, tasks // 2
