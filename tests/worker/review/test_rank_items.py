"""What a ranking says of photos, in the words of the store."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from active_learning.feature_codec import feature_regions, feature_values
from active_learning.label_features import LabelFeatures
from active_learning.order.bounds import GroupBounds
from active_learning.order.usefulness import DicePredictor
from active_learning.ranking import Ranking
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.risk.project_risk import ProjectRisk
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.review.queries import PhotoRow
from hemline.store.tables.loop import Prediction, Project, Task
from hemline.store.tables.review import PredictionSignals
from worker.review import rank_items
from worker.services import Services
from worker.shipped_risk import shipped_risk_model


def _photo(**size: int | None) -> PhotoRow:
    """A pre-fill of a quarter of its photo that its model is sure of by 0.98."""
    row = np.full(len(RISK_SIGNALS), 0.5, dtype=np.float32)
    row[RISK_SIGNALS.index("own_expected_dice")] = 0.98
    row[RISK_SIGNALS.index("photo_share")] = 0.25
    features = LabelFeatures(row)
    signals = PredictionSignals(
        image_digest="a" * 64,
        values=feature_values(features),
        regions=feature_regions(features),
    )
    task = Task(id=1, ls_task_id=1, garment="D1", garment_type="coat", view="Back", **size)
    return PhotoRow(task, Prediction(id=1), signals)


@pytest.mark.parametrize(
    ("size", "outline", "expected"),
    [
        ({"width": 1000, "height": 1600}, 0.5, 0.5 * 0.04 * (0.25 * 1000 * 1600) ** 0.5),
        ({"width": None, "height": None}, 0.5, None),
        ({"width": 1000, "height": 1600}, np.inf, None),
    ],
)
def test_an_outline_is_bounded_in_pixels_of_the_photo(
    size: dict[str, int | None],
    outline: float,
    expected: float | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(rank_items, "odd_views_of", lambda *_: {})
    bounds = GroupBounds(0.0, {("coat", "Back"): 2.0})
    outlines = GroupBounds(99.0, {("coat", ""): outline})
    ranking = Ranking(
        ProjectRisk(shipped_risk_model()), dice=DicePredictor(None, 0.0, bounds, outlines)
    )
    services = cast("Services", ArtifactStore(str(tmp_path)))
    ranked = rank_items.rank_photos(services, Project(id=1), ranking, [_photo(**size)])
    assert ranked.dice == pytest.approx([0.98])
    assert ranked.dice_low == pytest.approx([0.98 - 2.0 * 0.04])
    assert ranked.outlines_px == [expected if expected is None else pytest.approx(expected)]
