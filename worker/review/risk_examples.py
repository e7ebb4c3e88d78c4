"""What a project's risk model is learnt from: faults planted in its labels, and verdicts."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from active_learning.feature_codec import read_features
from active_learning.ranking import PlantedRows, Ranking
from active_learning.risk.label_risk import RISK_SIGNALS, RiskModel, point_risks, risk_row
from active_learning.risk.learn import make_examples
from active_learning.risk.planted import kinds_for
from active_learning.risk.project_risk import LEAST_LABELS, Known, ProjectRisk, drawn, learn_risk
from active_learning.signals.frame import Mask
from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.errors import HemlineError, LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused
from hemline.masks.codecs.png import decode_class_mask
from hemline.store.review.queries import LabelRow, label_page, signals_to_compare
from hemline.store.review.verdicts import verdicts_of
from hemline.store.states import ReviewKind, Verdict
from hemline.store.tables.loop import Project
from hemline.store.tables.review import PredictionSignals, ReviewVerdict
from worker.jobs import JobAtWork
from worker.review.photo_and_map import see
from worker.services import Services
from worker.shipped_risk import shipped_risk_model

log = logging.getLogger(__name__)

LEARN_FROM = 200  # labels that faults are planted in; the same ones each time
_DOUBTFUL = 0.5  # risk from which a label that nobody has judged is not taken for a right one


def learn_project_risk(
    services: Services,
    at_work: JobAtWork,
    project: Project,
    labels: tuple[str, ...],
    before: Ranking,
) -> Ranking:
    """The project's ranking with its risk learnt anew; the shipped model alone for few labels."""
    shipped = shipped_risk_model()
    chosen, garments = _choose(services, project)
    if len({row.task.garment for row in chosen}) < LEAST_LABELS:
        return replace(before, risk=ProjectRisk(shipped, figures={"labels": len(chosen)}))
    planted = _plant(services, at_work, chosen, labels, before.planted, shipped)
    known = _known(planted, garments, *_judged(services, project))
    return replace(before, risk=learn_risk(known, shipped, len(chosen)), planted=planted)


def _choose(services: Services, project: Project) -> tuple[list[LabelRow], dict[str, str]]:
    """The labels that faults are planted in, and the garment of each label, by digest."""
    with services.store.reading() as session:
        judged = {row.content_digest: row.verdict for row in verdicts_of(session, project.id)}
    chosen: list[tuple[float, LabelRow]] = []
    garments: dict[str, str] = {}
    after: int | None = 0
    while after is not None:
        with services.store.reading() as session:
            rows, after = label_page(session, project.id, SIGNALS_VERSION, after=after)
        for row in rows:
            digest = row.signals.mask_digest
            garments[digest] = row.task.garment
            verdict = judged.get(digest)
            sure = verdict in (Verdict.BOTH_FINE, Verdict.MODEL_WRONG)
            doubtful = not sure and (row.signals.risk or 0.0) >= _DOUBTFUL
            if verdict != Verdict.LABEL_WRONG and not doubtful and row.predicted is not None:
                chosen.append((drawn(digest), row))
        chosen = sorted(chosen, key=lambda pair: pair[0])[:LEARN_FROM]
    return [row for _, row in chosen], garments


def _plant(
    services: Services,
    at_work: JobAtWork,
    chosen: Sequence[LabelRow],
    labels: tuple[str, ...],
    before: PlantedRows,
    model: RiskModel,
) -> PlantedRows:
    """Examples of the chosen labels: those of before, and of new labels planted now."""
    wanted = {row.signals.mask_digest for row in chosen}
    kept = np.array([label in wanted for label in before.labels], dtype=np.bool_)
    rows, bad = [before.rows[kept]], [before.bad[kept]]
    names = [label for label in before.labels if label in wanted]
    known = set(names)
    other: Mask | None = None
    for done, row in enumerate(chosen):
        digest = row.signals.mask_digest
        try:
            mask = decode_class_mask(services.artifacts.get(digest))
            if digest not in known:
                made = _examples(services, row, mask, other, labels, model)
                rows.append(made[0])
                bad.append(made[1])
                names += [digest] * len(made[1])
        except (LabelStudioUnavailable, LabelStudioRefused):
            raise
        except HemlineError as error:
            log.warning("task %d is not learnt from: %s", row.task.ls_task_id, error)
            continue
        other = mask
        at_work.tell_now_and_then(done)
    return PlantedRows(np.concatenate(rows), np.concatenate(bad), names)


def _examples(
    services: Services,
    row: LabelRow,
    mask: Mask,
    other: Mask | None,
    labels: tuple[str, ...],
    model: RiskModel,
) -> tuple[np.ndarray, np.ndarray]:
    seen = see(services, row.task, _with_model(services, row), labels)
    examples = make_examples(
        seen.photo,
        mask,
        seen.probabilities,
        garment=row.signals.mask_digest,
        kinds=kinds_for(len(labels) > 1),
        other=other,
        threshold=seen.threshold,
    )
    rows = [risk_row(e.signals, point_risks(model.arcs, e.signals)) for e in examples]
    return (
        np.array(rows, dtype=np.float32).reshape(len(rows), len(RISK_SIGNALS)),
        np.array([example.bad for example in examples], dtype=np.bool_),
    )


def _with_model(services: Services, row: LabelRow) -> PredictionSignals | None:
    """The row's prediction with its model version, which a page of rows comes without."""
    with services.store.reading() as session:
        return signals_to_compare(session, row.task, row.signals.prediction_id)


def _judged(services: Services, project: Project) -> tuple[list[ReviewVerdict], np.ndarray]:
    """Verdicts on labels whose signals were kept, and their rows of RISK_SIGNALS."""
    with services.store.reading() as session:
        given = verdicts_of(session, project.id)
    pairs = [
        (verdict, features.row)
        for verdict in given
        if verdict.kind == ReviewKind.LABEL
        and verdict.verdict != Verdict.PHOTO_FAULT
        and (features := read_features(verdict.values, {})).row is not None
    ]
    rows = np.array([row for _, row in pairs], dtype=np.float32)
    return [verdict for verdict, _ in pairs], rows.reshape(len(pairs), len(RISK_SIGNALS))


def _known(
    planted: PlantedRows,
    garments: Mapping[str, str],
    judged: Sequence[ReviewVerdict],
    judged_rows: np.ndarray,
) -> Known:
    """PlantedRows faults and verdicts together."""
    wrong = np.array([v.verdict == Verdict.LABEL_WRONG for v in judged], dtype=np.bool_)
    own = [garments.get(name, name) for name in planted.labels]
    theirs = [garments.get(v.content_digest, f"task-{v.task_id}") for v in judged]
    return Known(
        rows=np.concatenate([planted.rows, judged_rows]),
        bad=np.concatenate([planted.bad, wrong]),
        garments=[*own, *theirs],
        judged=np.arange(len(planted.rows) + len(judged)) >= len(planted.rows),
    )
