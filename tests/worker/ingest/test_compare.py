"""Submitted masks beside the pre-fill that was shown, or that chance kept back."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from hemline.store.loop.annotations import find_annotation
from hemline.store.tables.loop import ModelVersion, Prediction, Project
from tests.worker.conftest import brush, show_prefill
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest.inbox import ingest_deliveries
from worker.services import Services

Deliver = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize("as_dearer", [False, True])
def test_a_mask_from_nothing_is_compared_with_what_chance_kept_back(
    services: Services,
    fake: FakeLabelStudio,
    deliver: Deliver,
    project: Project,
    champion: ModelVersion,
    as_dearer: bool,
) -> None:
    _, mask = disc(0)
    show_prefill(services, fake, project, champion, 1, mask, score=0.8)
    show_prefill(services, fake, project, champion, 2, disc(1)[1], score=0.8)
    with services.store.session() as session:
        session.execute(
            update(Prediction)
            .where(Prediction.id == select(func.min(Prediction.id)).scalar_subquery())
            .values(left_blank=True, blank_as_dearer=as_dearer, sent_at=None)
        )
    cut = mask.copy()
    cut[:32] = 0
    blank, filled = fake.annotate(1, brush(cut)), fake.annotate(2, brush(disc(1)[1]))
    for saved in (blank, filled):
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    ingest_deliveries(services)
    with services.store.reading() as session:
        row, other = (find_annotation(session, project.id, each["id"]) for each in (blank, filled))
    assert row is not None
    assert other is not None
    assert (row.prediction_id, row.dice) == (None, None)
    if as_dearer:
        assert (row.kept_back_dice, row.outline_agreement) == (None, None)
    else:
        assert row.kept_back_dice == pytest.approx(2 * cut.sum() / (cut.sum() + mask.sum()))
        assert row.outline_agreement is not None
        assert 0 < row.outline_agreement < 0.9
    assert (other.kept_back_dice, other.outline_agreement) == (None, 1.0)
