"""The champion's successor: trained from a snapshot, then judged, stored and perhaps promoted."""

import logging
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from hemline.errors import DatasetError, ModelError
from hemline.segmentation.model_card import read_card
from hemline.segmentation.ranks.team import Team
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.starter import starter_path
from hemline.segmentation.training.train_model import EpochReport, TrainedModel, train
from hemline.store.database.clock import database_now
from hemline.store.models.models import champion
from hemline.store.models.snapshots import Manifest, read_manifest
from hemline.store.tables.loop import ModelVersion, TrainingRun
from hemline.telemetry.spans import span
from worker.lease import RunLease
from worker.services import Services
from worker.training.judge_candidate import judge_and_store
from worker.training.run_recipe import recipe_of_project, recipe_of_run
from worker.training.shared_checkpoint import SharedCheckpoint
from worker.training.snapshot_samples import SnapshotSamples, open_snapshot
from worker.training.supervise import run_folder

log = logging.getLogger(__name__)

_PATIENCE = timedelta(hours=6)  # with photos whose server is away; then they are lost
_NAMED = 5  # photos named in a sentence about those left out


def train_successor(
    services: Services, run: TrainingRun, lease: RunLease, team: Team | None = None
) -> None:
    """Trains from the run's snapshot, goes on where an earlier attempt was, and ends the run.

    `team` are the processes that train together, of which this is the first.

    Raises:
        PhotosAway: the photos' server does not answer; put the run off.
        HemlineError: the run cannot succeed, and why.
    """
    manifest = read_manifest(services.artifacts, run.snapshot)
    with services.store.reading() as session:
        waited = database_now(session) - run.created_at
    data = open_snapshot(services, manifest, wait=waited < _PATIENCE)
    _check_lost(services, data, sum(not item.is_pseudo_label for item in manifest.items))
    _check_gold(services, data)
    _check_pseudo_labels(data, manifest)
    with services.store.reading() as session:
        parent = champion(session, run.project_id)
    recipe = recipe_of_run(
        recipe_of_project(run.project, services.settings), run.trigger, parent, services.settings
    )
    initial = _initial(services, parent, recipe)

    def on_epoch(report: EpochReport) -> None:
        log.info(
            "epoch %d of %d: loss %.4f, Dice %s",
            report.epoch,
            report.epochs,
            report.loss,
            "-" if report.dice is None else f"{report.dice:.4f}",
        )
        lease.report(report.epoch, report.epochs)
        shared.keep(report.epoch)

    work = run_folder(services.settings, run.id) / "work"
    shared = SharedCheckpoint(services, run.id, lease.owner, work)
    shared.bring()
    with span("train"):
        trained = _train_or_restart(
            recipe,
            data,
            labels=manifest.labels,
            work=work,
            initial=initial,
            device=services.settings.device,
            team=team,
            on_epoch=on_epoch,
            forget=shared.forget,
        )
    if team is not None:
        team.dismiss()
    with span("judge"):
        judge_and_store(
            services,
            run,
            lease,
            recipe=recipe,
            trained=trained,
            data=data,
            labels=manifest.labels,
            parent=parent if initial is not None else None,
        )


def _check_lost(services: Services, data: SnapshotSamples, photos: int) -> None:
    """Raises DatasetError if so many photos are lost that a model of the rest would be another."""
    allowed = services.settings.lost_photos
    if data.lost > allowed * photos:
        raise DatasetError(
            f"{data.lost} of {photos} photos are missing or unreadable, more than the "
            f"{allowed:.0%} that HEMLINE_LOST_PHOTOS allows; restore them or delete their tasks. "
            f"{_left_out(data)}"
        )


def _check_gold(services: Services, data: SnapshotSamples) -> None:
    """Raises DatasetError if too few gold garments are left to judge on."""
    if data.left_out:
        log.warning("%s", _left_out(data))
    garments = len({sample.garment for sample in data.gold})
    needed = services.settings.gold_minimum
    if garments < needed:
        raise DatasetError(
            f"{garments} gold garments are usable and {needed} are needed to judge a model; "
            f"correct photos of more garments. {_left_out(data)}".strip()
        )
    if not data.train:
        raise DatasetError(f"there is no photo to train on. {_left_out(data)}".strip())


def _check_pseudo_labels(data: SnapshotSamples, manifest: Manifest) -> None:
    """Raises DatasetError if a training on pseudo-labels would be one on corrections alone."""
    if not data.pseudo and any(item.is_pseudo_label for item in manifest.items):
        raise DatasetError(f"none of the pseudo-labels can be used. {_left_out(data)}".strip())


def _left_out(data: SnapshotSamples) -> str:
    """How many photos were left out, with the first of them and why; empty for none."""
    if not data.left_out:
        return ""
    named = "; ".join(f"{sample}: {why}" for sample, why in data.left_out[:_NAMED])
    more = f"; and {len(data.left_out) - _NAMED} more" if len(data.left_out) > _NAMED else ""
    return f"{len(data.left_out)} photos were left out ({named}{more})"


def _initial(services: Services, parent: ModelVersion | None, recipe: Recipe) -> Path | None:
    """The weights to begin from: the champion's, or the starter's where there is none yet.

    None if they are of another network than the recipe's, which then is trained from nothing.
    """
    path = services.artifacts.local_path(parent.weights_digest) if parent else starter_path()
    if read_card(path).recipe.network != recipe.network:
        log.warning(
            "the recipe '%s' has a different network from %s; training from scratch",
            recipe.name,
            parent.name if parent else "the starter",
        )
        return None
    return path


def _train_or_restart(
    recipe: Recipe,
    data: SnapshotSamples,
    *,
    labels: Sequence[str],
    work: Path,
    initial: Path | None,
    device: str,
    team: Team | None,
    on_epoch: Callable[[EpochReport], None],
    forget: Callable[[], None],
) -> TrainedModel:
    """Goes on from the checkpoint. One that does not fit any more (another champion since, or a
    photo that is gone) is dropped, and the training begins afresh."""

    def run() -> TrainedModel:
        return train(
            recipe,
            data.train,
            data.validation,
            extra=data.pseudo,
            labels=labels,
            work_dir=work,
            initial=initial,
            resume=True,
            device=device,
            team=team,
            on_epoch=on_epoch,
        )

    had_checkpoint = work.exists()
    try:
        return run()
    except ModelError as error:
        if not had_checkpoint:
            raise
        log.warning("starting over: %s", error)
        shutil.rmtree(work)
        forget()
        return run()
