"""Ranks a project anew: learns from its labels and verdicts, then places every label and photo."""

import logging
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from active_learning.order.clusters import cluster_centres
from active_learning.order.usefulness import fit_dice_predictor
from active_learning.reasons import Findings
from hemline.labelstudio.project.config import parse_label_config
from hemline.labelstudio.project.review_fields import has_review_fields
from hemline.masks.embedding import unpack_embeddings
from hemline.store.database.columns import utcnow
from hemline.store.loop.jobs import active_job, queue_job
from hemline.store.loop.models import champion
from hemline.store.loop.projects import list_projects
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
from hemline.store.review.write_order import place_all
from hemline.store.states import JobKind
from hemline.store.tables.loop import Project
from worker.jobs import JobAtWork, run_job
from worker.review.feature_codec import VERSION, read_look
from worker.review.garment_views import USUAL, odd_views_of, usual_of
from worker.review.ranking_model import SAMPLE, Ranking, ranking_of, without_regions
from worker.review.risk_examples import learn_project_risk
from worker.review.score_items import (
    LabelLook,
    PhotoLook,
    dice_rows,
    distances,
    place_labels,
    place_photos,
)
from worker.review.show_reviews import show_project
from worker.review.show_scores import show_scores
from worker.review.triage_job import moved, sort_out
from worker.services import Services

log = logging.getLogger(__name__)

T = TypeVar("T")
_CHUNK = 200  # items placed in one transaction
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
        projects = [project for project in list_projects(session) if not project.problem]
    for project in projects:
        with services.store.reading() as session:
            new = count_new_labels(session, project, VERSION)
            busy = active_job(session, project.id, JobKind.RANK) is not None
        if busy or not new:
            continue
        hours = timedelta(hours=services.settings.rank_every_h)
        long_ago = project.ranked_at is not None and utcnow() - project.ranked_at >= hours
        if new >= services.settings.rank_after or long_ago:
            request_ranking(services, project)


def _rank(services: Services, at_work: JobAtWork) -> None:
    project = at_work.job.project
    before = ranking_of(services.artifacts, project)
    labels = parse_label_config(project.label_config).labels
    ranking = learn_project_risk(services, at_work, project, labels, before)
    ranking = _with_dice(services, project, ranking)
    ranking = _with_samples(services, project, ranking)
    _place_labels(services, at_work, project, ranking)
    _place_photos(services, at_work, project, ranking)
    digest = services.artifacts.put(ranking.to_bytes(), "ranking")
    with services.store.session() as session:
        keep_ranking(session, project.id, digest)
    show_scores(services, project)
    if has_review_fields(project.label_config):
        show_project(services, project)
    log.info("project %d is ranked: %s", project.ls_project_id, ranking.risk.figures)


def _with_dice(services: Services, project: Project, ranking: Ranking) -> Ranking:
    """With predicted Dice, learnt anew from the corrected pre-fills."""
    with services.store.reading() as session:
        known = known_dice(session, project.id, VERSION, _PREFILLS)
    rows = dice_rows([(read_look(row.values, row.regions), row.flip_dice) for row in known])
    dice = [math.nan if row.dice is None else row.dice for row in known]
    return replace(ranking, dice=fit_dice_predictor(rows, dice, [row.garment for row in known]))


def _with_samples(services: Services, project: Project, ranking: Ranking) -> Ranking:
    """With a sample of the project's findings, drawn anew, that places are told by."""
    labels = _sample(_labels(services, project), project.id)
    photos = _sample(_photos(services, project), project.id)
    known = [label.embedding for label in labels if label.embedding is not None]
    both: list[LabelLook | PhotoLook] = [*labels, *photos]
    every = [item.embedding for item in both if item.embedding is not None]
    risks = ranking.risk.risks([item.look for item in labels], [item.garment for item in labels])
    return replace(
        ranking,
        embeddings=known,
        labels=[
            replace(finding, risk=risk)
            for finding, risk in zip(_findings(labels, known), risks, strict=True)
        ],
        photos=_findings(photos, known),
        label_tasks=[item.task_id for item in labels],
        photo_tasks=[item.task_id for item in photos],
        centres=cluster_centres(unpack_embeddings(every)),
        usual=usual_of(services, project, [item.garment for item in both]),
    )


def _findings(looked: Sequence[LabelLook | PhotoLook], known: Sequence[bytes]) -> list[Findings]:
    far = distances([item.embedding for item in looked], known)
    return [
        replace(without_regions(item.look.findings), distance=distance)
        for item, distance in zip(looked, far, strict=True)
    ]


def _sample(items: Iterable[T], seed: int) -> list[T]:
    """At most `SAMPLE` of them, each as likely as any other (reservoir sampling)."""
    rng = random.Random(seed)
    kept: list[T] = []
    for seen, item in enumerate(items):
        slot = seen if seen < SAMPLE else rng.randrange(seen + 1)
        if slot < SAMPLE:
            kept[slot : slot + 1] = [item]
    return kept


def _labels(services: Services, project: Project) -> Iterator[LabelLook]:
    after: int | None = 0
    while after is not None:
        with services.store.reading() as session:
            rows, after = label_page(session, project.id, VERSION, after=after)
        yield from (_label_look(project, row) for row in rows)


def _photos(services: Services, project: Project) -> Iterator[PhotoLook]:
    with services.store.reading() as session:
        version = champion(session, project.id)
    after: int | None = 0
    while after is not None and version is not None:
        with services.store.reading() as session:
            rows, after = photo_page(session, project.id, version.id, VERSION, after=after)
        yield from (_photo_look(project, row) for row in rows)


def _place_labels(
    services: Services, at_work: JobAtWork, project: Project, ranking: Ranking
) -> None:
    done = 0
    for looked in _chunks(_labels(services, project)):
        odd = odd_views_of(services, project, [item.garment for item in looked], ranking.usual)
        chunk = [replace(item, view=odd.get(item.task_id, USUAL)) for item in looked]
        placed = place_labels(ranking, chunk)
        with services.store.session() as session:
            place_all(session, placed)
            keep_risks(session, [(p.annotation_id or 0, p.priority) for p in placed])
            keep_told(session, [
                (item.prediction_id, {"cluster": ranking.cluster_of(item.embedding)})
                for item in chunk if item.prediction_id is not None
            ])  # fmt: skip
        done += len(chunk)
        at_work.tell(done)


def _place_photos(
    services: Services, at_work: JobAtWork, project: Project, ranking: Ranking
) -> None:
    threshold = moved(services, project)
    for looked in _chunks(_photos(services, project)):
        odd = odd_views_of(services, project, [item.garment for item in looked], ranking.usual)
        chunk = [replace(item, view=odd.get(item.task_id, USUAL)) for item in looked]
        placed = place_photos(ranking, chunk)
        with services.store.session() as session:
            place_all(session, [item.placed for item in placed])
            keep_told(session, [
                (item.placed.prediction_id or 0,
                 {"predicted_dice": item.predicted_dice,
                  "predicted_dice_low": item.predicted_dice_low, "cluster": item.cluster})
                for item in placed
            ])  # fmt: skip
        numbers = [photo.ls_task_id for photo in chunk]
        sort_out(services, project, threshold, list(zip(numbers, placed, strict=True)))
        at_work.tell()


def _chunks(items: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(items, _CHUNK)):
        yield chunk


def _label_look(project: Project, row: LabelRow) -> LabelLook:
    signals, compared = row.signals, row.predicted
    return LabelLook(
        project.id, row.task.id, row.annotation.id, signals.mask_digest, row.task.garment,
        read_look(signals.values, signals.regions), signals.prediction_id,
        compared.embedding if compared else None,
    )  # fmt: skip


def _photo_look(project: Project, row: PhotoRow) -> PhotoLook:
    signals = row.signals
    return PhotoLook(
        project.id, row.task.id, row.task.ls_task_id, row.task.garment, row.prediction.id,
        signals.image_digest, read_look(signals.values, signals.regions), signals.embedding,
        signals.flip_dice,
    )  # fmt: skip
