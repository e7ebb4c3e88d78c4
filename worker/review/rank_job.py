"""Ranks a project: learns from its labels and verdicts, then scores every label and photo."""

import logging
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from active_learning.checks.mask_checks import check_numbers
from active_learning.feature_codec import read_features
from active_learning.label_features import LabelFeatures
from active_learning.order.clusters import cluster_centres
from active_learning.order.usefulness import MetPrefills, fit_dice_predictor
from active_learning.order.work_time import TimedPrefills
from active_learning.ranking import SAMPLE, ProjectSample, Ranking
from active_learning.reasons import compared_numbers
from active_learning.score_items import dice_rows, distances
from active_learning.signals.label_signals import SIGNALS_VERSION
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.project.review_fields import has_review_fields
from hemline.masks.figures.embedding import unpack_embeddings
from hemline.store.database.clock import database_now
from hemline.store.loop.jobs import active_job, queue_job
from hemline.store.loop.projects import list_projects
from hemline.store.models.models import champion
from hemline.store.review.queries import (
    LabelRow,
    PhotoRow,
    count_new_labels,
    keep_ranking,
    keep_risks,
    keep_told,
    known_dice,
    label_page,
    photo_page,
)
from hemline.store.review.write_order import write_items
from hemline.store.states import JobKind
from hemline.store.tables.loop import Project
from worker.jobs import JobAtWork, run_job
from worker.review.garment_views import usual_of
from worker.review.leave_blank import leave_dearer_blank
from worker.review.rank_items import rank_labels, rank_photos
from worker.review.risk_examples import learn_project_risk
from worker.review.show_reviews import show_project
from worker.review.show_scores import show_scores
from worker.review.stored_ranking import ranking_of
from worker.review.times import learn_times, plain_times
from worker.review.triage_job import moved, sort_out
from worker.services import Services

log = logging.getLogger(__name__)

T = TypeVar("T")
_CHUNK = 200  # items written in one transaction
_PREFILLS = 5000  # corrected pre-fills that predicted Dice is learnt from, the newest ones


def rank_project(services: Services, job_id: int) -> None:
    """Works on a ranking job, unless somebody else does."""
    run_job(services, job_id, lambda at_work: _rank(services, at_work))


def request_ranking(services: Services, project: Project) -> int:
    """Queues a ranking, or finds the one that waits already; the job's id."""
    with services.store.session() as session:
        job = queue_job(session, project.id, JobKind.RANK, {})
    services.sender.send("worker.rank", job.id, queue="predict")
    return job.id


def rank_when_due(services: Services) -> None:
    """Queues a ranking of each project with enough new labels, or with some and the last long ago.

    One that is queued or at work holds further ones back.
    """
    with services.store.reading() as session:
        counts = count_new_labels(session, SIGNALS_VERSION)
        projects = [row for row in list_projects(session) if row.id in counts and not row.problem]
    for project in projects:
        new = counts[project.id]
        with services.store.reading() as session:
            busy = active_job(session, project.id, JobKind.RANK) is not None
            now = database_now(session)
        if busy:
            continue
        hours = timedelta(hours=services.settings.rank_every_h)
        long_ago = project.ranked_at is not None and now - project.ranked_at >= hours
        if new >= services.settings.rank_after or long_ago:
            request_ranking(services, project)


def _rank(services: Services, at_work: JobAtWork) -> None:
    project = at_work.job.project
    before = ranking_of(services.artifacts, project)
    labels = parse_label_config(project.label_config).labels
    ranking = learn_project_risk(services, at_work, project, labels, before)
    ranking = _with_predictors(services, project, ranking)
    ranking = _with_samples(services, project, ranking)
    _rank_labels(services, at_work, project, ranking)
    _rank_photos(services, at_work, project, ranking)
    digest = services.artifacts.put(ranking.to_bytes(), "ranking")
    with services.store.session() as session:
        keep_ranking(session, project.id, digest, plain_times(ranking))
    show_scores(services, project)
    if has_review_fields(project.label_config):
        show_project(services, project)
    log.info("project %d is ranked: %s", project.ls_project_id, ranking.risk.figures)


def _with_predictors(services: Services, project: Project, ranking: Ranking) -> Ranking:
    """With predicted Dice, its bounds and predicted work times, learnt anew from the corrected
    pre-fills and from the masks that were drawn from nothing."""
    with services.store.reading() as session:
        known = known_dice(session, project.id, SIGNALS_VERSION, _PREFILLS)
    features = [read_features(row.values, row.regions) for row in known]
    rows = dice_rows(features, [row.flip_dice for row in known])
    met = MetPrefills(
        rows,
        [_number(row.dice) for row in known],
        [_number((row.label_values or {}).get("hd95")) for row in known],
        [row.garment for row in known],
        [(row.garment_type, row.view) for row in known],
    )
    timed = [k for k, row in enumerate(known) if row.lead_time_s is not None]
    times = TimedPrefills(
        rows[timed],
        [_number(known[k].lead_time_s) for k in timed],
        [known[k].annotator for k in timed],
        [known[k].garment for k in timed],
    )
    time, drawing = learn_times(services, project, times)
    return replace(ranking, dice=fit_dice_predictor(met), time=time, drawing=drawing)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _with_samples(services: Services, project: Project, ranking: Ranking) -> Ranking:
    """With samples of the project's labels and photos, drawn anew, that items are compared with."""
    labels = _draw(_labels(services, project), project.id)
    photos = _draw(_photos(services, project), project.id)
    known = [row.embedding for row in labels if row.embedding is not None]
    of_labels, of_photos = _features(labels), _features(photos)
    both: list[LabelRow | PhotoRow] = [*labels, *photos]
    garments = [row.task.garment for row in both]
    risks = ranking.risk.risks(of_labels, garments[: len(labels)])
    label_points = [row.embedding for row in labels]
    photo_points = [row.signals.embedding for row in photos]
    every = [point for point in (*label_points, *photo_points) if point is not None]
    return replace(
        ranking,
        embeddings=known,
        labels=ProjectSample(
            compared_numbers(of_labels, risks, distances(label_points, known)),
            [row.task.id for row in labels],
            check_numbers([item.checks for item in of_labels]),
        ),
        photos=ProjectSample(
            compared_numbers(of_photos, [0.0] * len(photos), distances(photo_points, known)),
            [row.task.id for row in photos],
            check_numbers([item.checks for item in of_photos]),
        ),
        centres=cluster_centres(unpack_embeddings(every)),
        usual=usual_of(services, project, garments),
    )


def _features(rows: Sequence[LabelRow | PhotoRow]) -> list[LabelFeatures]:
    return [read_features(row.signals.values, row.signals.regions) for row in rows]


def _draw(items: Iterable[T], seed: int) -> list[T]:
    """At most `SAMPLE` of them, each as likely as any other (reservoir sampling)."""
    rng = random.Random(seed)
    kept: list[T] = []
    for seen, item in enumerate(items):
        slot = seen if seen < SAMPLE else rng.randrange(seen + 1)
        if slot < SAMPLE:
            kept[slot : slot + 1] = [item]
    return kept


def _labels(services: Services, project: Project) -> Iterator[LabelRow]:
    after: int | None = 0
    while after is not None:
        with services.store.reading() as session:
            rows, after = label_page(session, project.id, SIGNALS_VERSION, after=after)
        yield from rows


def _photos(services: Services, project: Project) -> Iterator[PhotoRow]:
    with services.store.reading() as session:
        version = champion(session, project.id)
    after: int | None = 0
    while after is not None and version is not None:
        with services.store.reading() as session:
            rows, after = photo_page(session, project.id, version.id, SIGNALS_VERSION, after=after)
        yield from rows


def _rank_labels(
    services: Services, at_work: JobAtWork, project: Project, ranking: Ranking
) -> None:
    done = 0
    for rows in _chunks(_labels(services, project)):
        items = rank_labels(services, project, ranking, rows, _features(rows))
        with services.store.session() as session:
            write_items(session, items)
            keep_risks(
                session,
                [
                    (row.annotation.id, item.risk)
                    for row, item in zip(rows, items, strict=True)
                    if item.risk is not None
                ],
            )
            keep_told(
                session,
                [
                    (row.predicted.prediction_id, {"cluster": ranking.cluster_of(row.embedding)})
                    for row in rows
                    if row.predicted is not None
                ],
            )
        done += len(rows)
        at_work.tell(done)


def _rank_photos(
    services: Services, at_work: JobAtWork, project: Project, ranking: Ranking
) -> None:
    threshold = moved(services, project)
    for rows in _chunks(_photos(services, project)):
        ranked = rank_photos(services, project, ranking, rows)
        with services.store.session() as session:
            write_items(session, ranked.items)
            keep_told(
                session,
                [
                    (
                        row.prediction.id,
                        {
                            "predicted_dice": dice,
                            "predicted_dice_low": low,
                            "outline_within_px": outline,
                            "predicted_seconds": seconds,
                            "drawing_seconds": drawing,
                            "cluster": cluster,
                        },
                    )
                    for row, dice, low, outline, seconds, drawing, cluster in zip(
                        rows,
                        ranked.dice,
                        ranked.dice_low,
                        ranked.outlines_px,
                        ranked.seconds,
                        ranked.drawing_seconds,
                        ranked.clusters,
                        strict=True,
                    )
                ],
            )
        leave_dearer_blank(services, project, rows, ranked.dearer)
        tasks = [row.task for row in rows]
        sort_out(services, project, threshold, list(zip(tasks, ranked.dice_low, strict=True)))
        at_work.tell()


def _chunks(items: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(items, _CHUNK)):
        yield chunk
