"""What every process of a training but the first does: train what it is told, write nothing."""

from contextlib import suppress
from pathlib import Path

from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.networks.build import build_network
from hemline.segmentation.ranks.job import NetworkJob
from hemline.segmentation.ranks.team import JobOver, Team
from hemline.segmentation.training.checkpoint import TrainingProgress
from hemline.segmentation.training.memory import keep_memory
from hemline.segmentation.training.trainer import Trainer, Watch


def follow(team: Team) -> None:
    """Trains one network after the other with the first process, until that has no more."""
    keep_memory()
    with team:
        while (job := team.next_job()) is not None:
            with suppress(JobOver):
                _train(team, job)
            team.over()


def _train(team: Team, job: NetworkJob) -> None:
    team.is_training = True
    trainer = Trainer(
        job.recipe,
        job.labels,
        build_network(job.recipe.network, len(job.labels), job.groups),
        PixelCache.of(job.data),
        PixelCache.of(job.held),
        fine_tune=job.fine_tune,
        team=team,
    )
    progress = trainer.level(TrainingProgress())
    while not trainer.finished(progress):
        trainer.take(progress, trainer.run_epoch(progress, Watch(), Path(), ""))
