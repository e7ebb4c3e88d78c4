"""A candidate against the champion on the gold split, and all that follows in one transaction."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hemline import __version__
from hemline.segmentation.evaluation.evaluate import Evaluated, ItemFigures, evaluate
from hemline.segmentation.evaluation.paired_test import Judgement, judge
from hemline.segmentation.predictor import Predictor
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.train_model import TrainedModel
from hemline.store.loop.jobs import queue_job
from hemline.store.models.evaluations import record_evaluation
from hemline.store.models.models import champion, create_version, promote, reject
from hemline.store.models.runs import finish_run
from hemline.store.shadow.shadows import begin_shadow
from hemline.store.states import JobKind
from hemline.store.tables.loop import ModelVersion, TrainingRun
from worker.lease import RunLease
from worker.services import Services
from worker.training.evaluation_masks import JudgedMasks, with_masks
from worker.training.quantise_candidate import quantise_candidate
from worker.training.rivals import can_compete
from worker.training.snapshot_samples import SnapshotSamples, in_words_of

log = logging.getLogger(__name__)


class _ChampionChanged(Exception):
    """Somebody promoted or rolled back while the candidate was judged."""


def judge_and_store(
    services: Services,
    run: TrainingRun,
    lease: RunLease,
    *,
    recipe: Recipe,
    trained: TrainedModel,
    data: SnapshotSamples,
    labels: Sequence[str],
    parent: ModelVersion | None,
) -> None:
    """Stores the candidate, its evaluation, its promotion, shadow or rejection, and the run's end.

    The champion it is judged against is the champion at the moment it is stored. A promotion
    queues the prediction of the pool. A candidate in shadow is what it would serve as, int8 too.

    Raises:
        PhotosAway: Label Studio does not answer.
        StoreError: the lease was lost; nothing is stored.
    """
    predictor = Predictor(trained.path, device=services.settings.device)
    with TemporaryDirectory(prefix="hemline-judging-") as folder:
        masks = JudgedMasks(Path(folder))
        candidate = evaluate(predictor, data.gold, masks.add)
        weights = services.artifacts.put(trained.path.read_bytes(), "weights")
        int8: dict[str, Any] = {}
        while True:
            with services.store.reading() as session:
                rival = champion(session, run.project_id)
            judgement = _judge(services, candidate, masks, rival, data, labels)
            into_shadow = _goes_into_shadow(services, judgement, rival, labels)
            if (judgement.promoted or into_shadow) and not int8:
                int8 = quantise_candidate(services, weights, data, candidate.items)
            try:
                job_id = _store(
                    services,
                    run,
                    lease,
                    recipe=recipe,
                    trained=trained,
                    data=data,
                    labels=labels,
                    parent=parent,
                    rival=rival,
                    weights=weights,
                    judgement=judgement,
                    int8=int8,
                    into_shadow=into_shadow,
                )
            except _ChampionChanged:
                log.info("the champion changed in the meantime; judging against the new one")
                continue
            break
    words = "in shadow, " + judgement.measured if into_shadow else judgement.decision
    log.info("run %d: %s", run.id, words)
    if job_id is not None:
        services.sender.send("worker.predict_pool", job_id, queue="predict")


def _judge(
    services: Services,
    candidate: Evaluated,
    masks: JudgedMasks,
    rival: ModelVersion | None,
    data: SnapshotSamples,
    labels: Sequence[str],
) -> Judgement:
    """The judgement, with the masks of both at the photos that changed most."""
    level = services.settings.promotion_p
    if rival is None or not can_compete(rival, labels):
        return judge(candidate.items, None, level=level)
    predictor = Predictor(
        services.artifacts.local_path(rival.weights_digest), device=services.settings.device
    )
    samples = in_words_of(data.gold, labels, rival.labels)
    with TemporaryDirectory(prefix="hemline-judging-") as folder:
        theirs = JudgedMasks(Path(folder))
        measured = evaluate(predictor, samples, theirs.add).items
        both = {item.id for item in measured} & {item.id for item in candidate.items}
        judgement = judge(_only(candidate.items, both), _only(measured, both), level=level)
        figures = with_masks(judgement.figures, masks, theirs, services.artifacts)
    return replace(judgement, figures=figures)


def _goes_into_shadow(
    services: Services, judgement: Judgement, rival: ModelVersion | None, labels: Sequence[str]
) -> bool:
    """Not without a champion that could make the pre-fills, which gold decides as ever."""
    by = services.settings.promotion_by
    if by == "gold" or rival is None or not can_compete(rival, labels):
        return False
    return by == "shadow" or judgement.promoted


def _in_shadow(judgement: Judgement, garments: int) -> Judgement:
    """What is stored of the judgement on gold until the shadow decides."""
    figures = {key: value for key, value in judgement.figures.items() if key != "lost"}
    waits = f"in shadow: it is decided when people have corrected {garments} new garments"
    return replace(
        judgement,
        promoted=False,
        decision=f"{waits}; measured before, {judgement.measured}",
        figures={**figures, "measured": judgement.measured},
    )


def _only(items: Sequence[ItemFigures], ids: set[str]) -> list[ItemFigures]:
    return [item for item in items if item.id in ids]


def _store(
    services: Services,
    run: TrainingRun,
    lease: RunLease,
    *,
    recipe: Recipe,
    trained: TrainedModel,
    data: SnapshotSamples,
    labels: Sequence[str],
    parent: ModelVersion | None,
    rival: ModelVersion | None,
    weights: str,
    judgement: Judgement,
    int8: dict[str, Any],
    into_shadow: bool,
) -> int | None:
    """Id of the job that predicts the pool, if the candidate is promoted."""
    garments = services.settings.shadow_garments
    if into_shadow:
        judgement = _in_shadow(judgement, garments)
    left_out = [{"id": sample, "problem": why} for sample, why in data.left_out]
    pseudo = {"pseudo_labels": len(data.pseudo)} if data.pseudo else {}
    rival_id = rival.id if rival else None
    with lease.ending(), services.store.session() as session:
        now = champion(session, run.project_id)
        if (now.id if now else None) != rival_id:
            raise _ChampionChanged
        version = create_version(
            session,
            run.project_id,
            recipe=recipe.model_dump(mode="json"),
            labels=labels,
            weights_digest=weights,
            code_version=__version__,
            parent_id=parent.id if parent else None,
            snapshot_id=run.snapshot_id,
            figures={**trained.figures, "left_out": left_out, **pseudo, **int8},
        )
        evaluation = record_evaluation(
            session,
            model_version_id=version.id,
            champion_id=rival_id,
            snapshot_id=run.snapshot_id,
            promoted=judgement.promoted,
            decision=judgement.decision,
            figures=judgement.figures,
        )
        finish_run(session, run.id, lease.owner, version.id)
        if into_shadow:
            begin_shadow(session, evaluation, garments=garments)
            return None
        if not judgement.promoted:
            reject(session, version.id)
            return None
        promote(session, version.id)
        return queue_job(session, run.project_id, JobKind.PREDICT_POOL, {}).id
