"""Labels over each other in an annotation: the upper one trains, and both are kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from hemline.labelstudio.project.config import parse_label_config, render_label_config
from hemline.labelstudio.regions import mask_to_regions
from hemline.masks.codecs.png import decode_class_mask
from hemline.masks.layers import Layers, decode_covered
from hemline.store.database.columns import utcnow
from hemline.store.loop.annotations import delete_annotations, find_annotation
from hemline.store.loop.projects import upsert_project
from hemline.store.reports.artifacts_in_use import ArtifactKind
from hemline.store.reports.artifacts_to_keep import artifacts_to_keep
from hemline.store.tables.loop import Annotation, Project
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.ingest.reconcile import reconcile_project
from worker.services import Services
from worker.verify import find_damage

# Webhooks are believed.
pytestmark = pytest.mark.environment(HEMLINE_WEBHOOK_SECRET="a-secret-of-some-length")

LABELS = ("bag", "dress")
CONFIG = render_label_config(LABELS)
Deliver = Callable[[dict[str, Any]], None]


@pytest.fixture
def outfits(services: Services, fake: FakeLabelStudio) -> Project:
    fake.project["label_config"] = CONFIG
    with services.store.session() as session:
        return upsert_project(session, ls_project_id=7, label_config=CONFIG)


def plane(rows: slice, columns: slice) -> np.ndarray[Any, Any]:
    inside = np.zeros((64, 64), bool)
    inside[rows, columns] = True
    return inside


DRESS = plane(slice(5, 60), slice(20, 50))
BAG = plane(slice(30, 45), slice(40, 62))
PLANES = {"bag": (BAG, 1), "dress": (DRESS, 2), "dress beside the bag": (DRESS & ~BAG, 2)}


def drawn(*labels: str) -> list[dict[str, Any]]:
    """Brush regions of these labels, in the order in which they were drawn."""
    config = parse_label_config(CONFIG)
    made = []
    for label in labels:
        inside, number = PLANES[label]
        mask = inside.astype(np.uint8) * np.uint8(number)
        made += mask_to_regions(mask, config=config, labels=LABELS, region_scores={}, seed="hand")
    return made


def layers_of(services: Services, row: Annotation) -> Layers:
    assert row.mask_digest is not None
    mask = decode_class_mask(services.artifacts.get(row.mask_digest))
    if row.covered_digest is None:
        return Layers(mask)
    return decode_covered(services.artifacts.get(row.covered_digest), mask)


def test_what_a_version_before_dropped_is_read_at_the_next_reconcile(
    services: Services, save: Callable[..., Annotation], outfits: Project
) -> None:
    number = save("dress", "bag").ls_annotation_id
    long_after = utcnow() + timedelta(days=1)
    with services.store.session() as session:
        session.execute(update(Annotation).values(covered_digest=None))
        session.execute(update(Project).values(layers_read=False, reconciled_until=long_after))
    for expected in (True, False):  # once
        with services.store.reading() as session:
            project = session.get_one(Project, outfits.id)
        reconcile_project(services, project)
        with services.store.session() as session:
            row = find_annotation(session, outfits.id, number)
            assert row is not None
            assert (row.covered_digest is not None) is expected
            row.covered_digest = None


@pytest.fixture
def save(
    services: Services, fake: FakeLabelStudio, deliver: Deliver, outfits: Project
) -> Callable[..., Annotation]:
    """Saves labels that were drawn in this order; a second call saves the same annotation again."""
    numbers: list[int] = []

    def save(*labels: str) -> Annotation:
        if numbers:
            saved = fake.update(numbers[0], result=drawn(*labels))
            deliver(fake.payload("ANNOTATION_UPDATED", saved))
        else:
            saved = fake.annotate(1, drawn(*labels))
            numbers.append(saved["id"])
            deliver(fake.payload("ANNOTATION_CREATED", saved))
        ingest_deliveries(services)
        with services.store.reading() as session:
            row = find_annotation(session, outfits.id, saved["id"])
        assert row is not None
        assert row.problem is None
        return row

    return save


@pytest.mark.parametrize("order", [("dress", "bag"), ("bag", "dress")])
def test_the_label_that_was_drawn_later_trains_and_both_are_kept(
    services: Services, save: Callable[..., Annotation], order: tuple[str, str]
) -> None:
    layers = layers_of(services, save(*order))
    assert (layers.mask[DRESS & BAG] == LABELS.index(order[1]) + 1).all()
    assert np.array_equal(layers.whole(1), BAG)
    assert np.array_equal(layers.whole(2), DRESS)
    assert layers.labels() == [LABELS.index(label) + 1 for label in order]


def test_they_are_kept_as_long_as_the_annotation_has_them(
    services: Services, save: Callable[..., Annotation], outfits: Project
) -> None:
    first = save("dress", "bag").covered_digest
    assert first is not None
    with services.store.session() as session:
        assert first in artifacts_to_keep(session, services.artifacts).in_use
    second = save("dress beside the bag", "bag")
    assert second.covered_digest is None
    with services.store.session() as session:
        kept = artifacts_to_keep(session, services.artifacts)
        assert first not in kept.in_use | kept.past
    third = save("bag", "dress")
    with services.store.session() as session:
        delete_annotations(session, outfits.id, [third.ls_annotation_id], utcnow())
        assert third.covered_digest in artifacts_to_keep(session, services.artifacts).past


def test_labels_side_by_side_store_nothing_more(
    services: Services, save: Callable[..., Annotation]
) -> None:
    assert save("bag").covered_digest is None


def test_damage_is_found_and_made_good_from_label_studio(
    services: Services, save: Callable[..., Annotation], run: Callable[..., str]
) -> None:
    digest = save("dress", "bag").covered_digest
    assert digest is not None
    services.artifacts.remove(digest)
    (found,) = find_damage(services)
    assert found.use is not None
    assert found.use.kind is ArtifactKind.COVERED
    assert "covered parts of a correction" in run("verify")
    assert run("verify", "--repair").endswith("exit 0")
    assert services.artifacts.exists(digest)


def test_damage_of_what_was_erased_meanwhile_is_none(
    services: Services,
    save: Callable[..., Annotation],
    fake: FakeLabelStudio,
    run: Callable[..., str],
) -> None:
    row = save("dress", "bag")
    assert row.covered_digest is not None
    services.artifacts.remove(row.covered_digest)
    fake.update(row.ls_annotation_id, result=drawn("dress beside the bag", "bag"))
    assert run("verify", "--repair").endswith("exit 0")
    assert list(find_damage(services)) == []
