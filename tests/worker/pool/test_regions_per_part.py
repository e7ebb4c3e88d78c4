"""Pre-fills in parts: what Label Studio has goes out again, and what comes back is no change."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import as_shown, mask_to_regions, regions_to_mask
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.codecs.region import CONTROLS, Control
from hemline.masks.parts import RegionsPer
from hemline.prefill.prefill import prefill_seed
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.jobs import get_job, queue_job
from hemline.store.loop.projects import upsert_project
from hemline.store.models.regions_per import change_regions_per, read_regions_per
from hemline.store.reports.edit_effort import Edit, edit_effort
from hemline.store.states import JobKind, JobState
from hemline.store.tables.loop import ModelVersion, Prediction, Project
from tests.worker.conftest import brush, show_prefill
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_project
from worker.pool.predict_pool import predict_pool
from worker.services import Services

# Webhooks are believed.
pytestmark = pytest.mark.environment(HEMLINE_WEBHOOK_SECRET="a-secret-of-some-length")

Deliver = Callable[[dict[str, Any]], None]


def two_shoes() -> np.ndarray:
    """(64, 64), the photo's size."""
    mask = np.zeros((64, 64), np.uint8)
    mask[30:50, 4:24] = mask[30:50, 36:60] = 1
    return mask


@pytest.mark.parametrize("control", CONTROLS)
def test_parts_that_are_saved_unchanged_are_no_change(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    champion: ModelVersion,
    control: Control,
) -> None:
    label_config = render_label_config(["garment"], control)
    config = parse_label_config(label_config)
    fake.project["label_config"] = label_config
    with services.store.session() as session:
        project = upsert_project(session, ls_project_id=7, label_config=label_config)
        change_regions_per(session, project.id, RegionsPer.PART)
    mask = two_shoes()
    show_prefill(services, fake, project, champion, 1, mask, score=0.8)
    regions = mask_to_regions(
        mask,
        config=config,
        labels=["garment"],
        region_scores={},
        seed=prefill_seed(1, champion.name),
        per=RegionsPer.PART,
    )
    assert len(regions) == 2
    saved = fake.annotate(1, regions)
    deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    with services.store.reading() as session:
        row = find_annotation(session, project.id, saved["id"])
        efforts = edit_effort(session, project.id)
    assert row is not None
    assert (row.untouched, row.dice, row.brushed, row.clicks) == (True, 1.0, False, 0)
    assert {each.edit: each.labels for each in efforts}[Edit.UNTOUCHED] == 1
    assert row.mask_digest is not None
    stored = decode_class_mask(services.artifacts.get(row.mask_digest))
    assert np.array_equal(stored, as_shown(mask, config))


def stored_predictions(services: Services) -> list[tuple[int, str, Any]]:
    with services.store.reading() as session:
        rows = session.query(Prediction).order_by(Prediction.id)
        return [(row.id, row.mask_digest, row.created_at) for row in rows]


def test_a_change_gives_label_studio_the_same_masks_in_other_regions(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
) -> None:
    config = parse_label_config(project.label_config)
    reconcile_project(services, project)
    deliver(fake.payload("ANNOTATION_CREATED", fake.annotate(5, brush(disc(4)[1]))))
    ingest_deliveries(services)
    with services.store.session() as session:
        first = queue_job(session, project.id, JobKind.PREDICT_POOL, {})
    predict_pool(services, first.id)
    before, masks = stored_predictions(services), _masks(fake, config)
    assert all(len(row["result"]) <= 1 for row in fake.predictions)

    with services.store.session() as session:
        job = change_regions_per(session, project.id, RegionsPer.PART)
        assert change_regions_per(session, project.id, RegionsPer.PART) is None
    assert job is not None
    predict_pool(services, job.id)
    with services.store.reading() as session:
        assert get_job(session, job.id).state is JobState.DONE
    assert stored_predictions(services) == before  # no model ran
    assert any(len(row["result"]) > 1 for row in fake.predictions)
    assert sorted(row["task"] for row in fake.predictions) == [n for n in range(1, 25) if n != 5]
    for task, mask in _masks(fake, config).items():
        assert np.array_equal(mask, masks[task])


def _masks(fake: FakeLabelStudio, config: Any) -> dict[int, np.ndarray]:
    return {
        row["task"]: regions_to_mask(
            row["result"], config=config, labels=config.labels, height=64, width=64
        )
        for row in fake.predictions
    }


def test_without_a_model_a_change_waits_for_the_first_one(
    services: Services, project: Project
) -> None:
    with services.store.session() as session:
        assert read_regions_per(session, project.id) is RegionsPer.LABEL
        assert change_regions_per(session, project.id, RegionsPer.PART) is None
        assert read_regions_per(session, project.id) is RegionsPer.PART
