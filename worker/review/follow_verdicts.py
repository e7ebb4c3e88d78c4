"""Moves the labels that are like those people judged: a wrong one brings them forward."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from active_learning.feature_codec import read_features
from active_learning.label_features import LabelFeatures
from active_learning.risk.after_verdicts import (
    SESSION_S,
    LabelPlaces,
    fault_signs,
    shifted_risks,
)
from active_learning.risk.label_risk import RISK_SIGNALS
from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.store.review.follow import (
    judged_labels,
    keep_followed,
    labels_near,
    move_items,
    newest_verdict,
    projects_to_follow,
)
from hemline.store.states import Verdict
from hemline.store.tables.loop import Project
from hemline.store.tables.review import ReviewVerdict
from worker.services import Services

log = logging.getLogger(__name__)

_WITHIN = timedelta(seconds=4 * SESSION_S)  # beyond, labels share a fiftieth of a shift
_SAME = 0.005  # a priority that moves by less stays


@dataclass(frozen=True)
class JudgedLabels:
    """Labels that people judged: their risks (M,) before any verdict, and which were wrong."""

    risks: NDArray[np.float64]
    places: LabelPlaces
    wrong: NDArray[np.bool_]

    def shift(self, risks: Sequence[float], places: LabelPlaces) -> list[float]:
        """The risks (N,) of other labels with what was judged of the likes of them."""
        if not len(self.wrong):
            return list(risks)
        moved = shifted_risks(np.array(risks), places, self.risks, self.places, self.wrong)
        return [float(risk) for risk in moved]


def judged_of(services: Services, project: Project) -> JudgedLabels:
    """The project's newest verdicts on labels."""
    with services.store.reading() as session:
        rows = judged_labels(session, project.id)
    return _judged(rows)


def places_of(
    people: Sequence[str], made: Sequence[Any], features: Sequence[LabelFeatures]
) -> LabelPlaces:
    """Where labels stand to one another, by who made them and when (datetimes)."""
    unknown = np.zeros(len(RISK_SIGNALS), dtype=np.float32)
    rows = [unknown if item.row is None else item.row for item in features]
    return LabelPlaces(
        people,
        np.array([moment.timestamp() for moment in made], dtype=np.float64),
        fault_signs(np.array(rows).reshape(len(rows), len(RISK_SIGNALS))),
    )


def follow_verdicts(services: Services) -> None:
    """Moves the labels near each verdict that came since the last call, in all projects."""
    with services.store.reading() as session:
        projects = projects_to_follow(session)
    for project in projects:
        number = _follow(services, project)
        log.info("project %d: %d labels moved after verdicts", project.ls_project_id, number)


def _follow(services: Services, project: Project) -> int:
    since = project.followed_verdict or 0
    with services.store.reading() as session:
        newest = newest_verdict(session, project.id)
        judged = judged_labels(session, project.id)
        new = [row for row in judged if row.id > since]
        near = labels_near(session, project.id, new, version=SIGNALS_VERSION, within=_WITHIN)
    moved: list[tuple[int, float]] = []
    if near:
        features = [read_features(label.values, {}) for label in near]
        places = places_of(
            [label.annotator for label in near], [label.made_at for label in near], features
        )
        risks = _judged(judged).shift([label.risk for label in near], places)
        moved = [
            (label.item_id, risk)
            for label, risk in zip(near, risks, strict=True)
            if abs(risk - label.priority) >= _SAME
        ]
    with services.store.session() as session:
        move_items(session, moved)
        keep_followed(session, project.id, newest)
    return len(moved)


def _judged(rows: Sequence[ReviewVerdict]) -> JudgedLabels:
    return JudgedLabels(
        np.array([row.risk for row in rows], dtype=np.float64),
        places_of(
            [row.annotator for row in rows],
            [row.made_at for row in rows],
            [read_features(row.values, {}) for row in rows],
        ),
        np.array([row.verdict == Verdict.LABEL_WRONG for row in rows], dtype=np.bool_),
    )
