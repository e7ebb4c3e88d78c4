"""Rows of labels and their signals, as the worker writes them."""

from typing import Any

from hemline.store.database.engine import Store
from hemline.store.loop.annotations import record_annotation
from hemline.store.loop.predictions import save_prediction
from hemline.store.loop.tasks import upsert_task
from hemline.store.review.signals import (
    claim_labels,
    expect_label,
    keep_prediction,
    store_label_values,
)
from hemline.store.tables.loop import Annotation, ModelVersion, Prediction, Project, Task
from hemline.store.tables.review import LabelSignals

NOW = 0.0  # seconds a claim lasts: none


def add_task(store: Store, project: Project, number: int, **fields: Any) -> Task:
    with store.session() as session:
        return upsert_task(
            session,
            project.id,
            ls_task_id=number,
            data={},
            image_url=f"/{number}.jpg",
            **{"garment": f"D{number}", "view": "Front", **fields},
        )


def add_prediction(
    store: Store, task: Task, version: ModelVersion, photo: str = "a", score: float = 0.5
) -> Prediction:
    with store.session() as session:
        saved = save_prediction(
            session,
            task_id=task.id,
            model_version_id=version.id,
            image_digest=photo * 64,
            mask_digest="b" * 64,
            score=score,
            region_scores={},
        )
        keep_prediction(
            session, saved, map_digest=photo * 64, histograms=b"h", embedding=b"e", flip_dice=0.9
        )
        return saved


def add_label(
    store: Store,
    task: Task,
    digest: str = "c",
    prediction: Prediction | None = None,
    **fields: Any,
) -> Annotation:
    with store.session() as session:
        row = record_annotation(
            session,
            project_id=task.project_id,
            task_id=task.id,
            ls_annotation_id=task.ls_task_id,
            mask_digest=digest * 64,
            prediction_id=prediction.id if prediction else None,
            **fields,
        )
        session.get_one(Task, task.id).is_labeled = True
        expect_label(session, row)
        return row


def claim(store: Store, version: int = 1, window_s: float = NOW) -> list[LabelSignals]:
    with store.session() as session:
        return list(claim_labels(session, version, 10, window_s=window_s))


def store_label(store: Store, claimed: LabelSignals, **fields: Any) -> bool:
    values: dict[str, Any] = {
        "version": 1,
        "prediction_id": None,
        "values": {"softmin": 0.5},
        "regions": {},
        "histograms": None,
        "risk": 0.3,
    }
    with store.session() as session:
        return store_label_values(session, claimed, **values | fields)
