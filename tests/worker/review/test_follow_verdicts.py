"""A verdict moves the open labels that the same person made at about the same time."""

import numpy as np
import pytest
from sqlalchemy import select

from active_learning.feature_codec import feature_values
from active_learning.label_features import LabelFeatures
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.store.loop.tasks import get_task
from hemline.store.review.review_order import review_page
from hemline.store.review.verdicts import give_verdict, verdicts_of
from hemline.store.review.write_order import RankedItem, write_item
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Annotation, Project
from hemline.store.tables.review import LabelSignals
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.ingest import reconcile
from worker.ingest.reconcile import reconcile_all
from worker.review.follow_verdicts import follow_verdicts
from worker.services import Services

RISKS = {1: 0.5, 2: 0.2, 3: 0.21, 4: 0.22}  # by task


@pytest.fixture
def ranked(services: Services, fake: FakeLabelStudio, project: Project) -> Services:
    """Four labels in the order: tasks 1, 2 and 4 by the first person, 3 by the second. All lack
    something at the bottom but task 4, which has too much at the top."""
    for number in RISKS:
        fake.annotate(number, brush(disc(number)[1]), completed_by=2 if number == 3 else 1)
    reconcile_all(services)
    with services.store.session() as session:
        for number, risk in RISKS.items():
            task = get_task(session, project.id, number)
            assert task is not None
            (label,) = task.annotations
            row = np.zeros(len(RISK_SIGNALS), dtype=np.float32)
            row[RISK_SIGNALS.index("extra_top" if number == 4 else "missing_bottom")] = 0.1
            signals = session.get_one(LabelSignals, label.id)
            signals.values, signals.risk = feature_values(LabelFeatures(row)), risk
            signals.version = SIGNALS_VERSION
            digest = label.mask_digest or ""
            write_item(
                session,
                RankedItem(1, task.id, ReviewKind.LABEL, risk, digest, annotation_id=label.id),
            )
    return services


def order(services: Services) -> list[tuple[int, float]]:
    with services.store.reading() as session:
        items = review_page(session, 1, ReviewKind.LABEL).items
        return [(item.task.ls_task_id, round(item.priority, 2)) for item in items]


def judge(services: Services, verdict: Verdict) -> None:
    with services.store.session() as session:
        first = review_page(session, 1, ReviewKind.LABEL).items[0]
        give_verdict(session, first.id, verdict, by="rae")


def test_the_like_of_a_wrong_label_comes_next(ranked: Services) -> None:
    assert order(ranked) == [(1, 0.5), (4, 0.22), (3, 0.21), (2, 0.2)]
    judge(ranked, Verdict.LABEL_WRONG)
    follow_verdicts(ranked)
    after = order(ranked)
    assert [task for task, _ in after] == [2, 4, 3]
    moved = dict(after)
    assert moved[2] > 0.35
    assert (moved[3], moved[4]) == (0.21, 0.22)
    follow_verdicts(ranked)  # and once
    assert order(ranked) == after


def test_the_like_of_a_right_label_waits_and_a_photo_fault_says_nothing(ranked: Services) -> None:
    judge(ranked, Verdict.PHOTO_FAULT)
    follow_verdicts(ranked)
    assert order(ranked) == [(4, 0.22), (3, 0.21), (2, 0.2)]
    judge(ranked, Verdict.BOTH_FINE)
    follow_verdicts(ranked)
    assert [task for task, _ in order(ranked)] == [3, 2]
    with ranked.store.reading() as session:
        risks = session.scalars(select(LabelSignals.risk).order_by(LabelSignals.annotation_id))
        assert list(risks) == list(RISKS.values())  # what the ranking said stays


def test_a_verdict_that_comes_with_the_correction_knows_when_the_label_was_made(
    ranked: Services, fake: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "_OVERLAP", reconcile._OVERLAP * 0)
    with ranked.store.reading() as session:
        made = session.scalar(select(Annotation.changed_at).where(Annotation.task_id == 1))
    choice = {
        "type": "choices",
        "from_name": "verdict",
        "to_name": "image",
        "value": {"choices": ["label was wrong"]},
    }
    fake.update(101, result=[*brush(disc(9)[1]), choice])
    reconcile_all(ranked)
    with ranked.store.reading() as session:
        (verdict,) = verdicts_of(session, 1)
    assert (verdict.annotator, verdict.made_at, verdict.risk) == ("1", made, 0.5)
    follow_verdicts(ranked)
    assert dict(order(ranked))[2] > 0.35
