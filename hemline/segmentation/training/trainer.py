"""One epoch of a training after the other, on the CPU or a GPU, in one process or several."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from hemline.segmentation.input.batches import (
    photos_of_rare_labels,
    plan_epoch,
    training_batches,
)
from hemline.segmentation.input.pixel_cache import PixelCache
from hemline.segmentation.input.transforms import mirrored_ids, normalise
from hemline.segmentation.optimisation.averaging import average_of
from hemline.segmentation.optimisation.losses import WeightedLoss
from hemline.segmentation.optimisation.optimisers import build_optimiser
from hemline.segmentation.optimisation.rates import build_rates
from hemline.segmentation.ranks.team import JobOver, Team
from hemline.segmentation.recipe.recipe import Recipe
from hemline.segmentation.training.checkpoint import (
    TrainingProgress,
    load_checkpoint,
    pack_state,
    save_checkpoint,
    unpack_state,
)
from hemline.segmentation.training.divergence import check_numbers, check_weights
from hemline.segmentation.training.validation import validate

_STEEPEST = 1.0  # norm that gradients are clipped to


@dataclass(frozen=True, slots=True)
class EpochReport:
    """One epoch, counted from 1.

    `loss` is the mean over its batches and `rate` the learning rate it ended with. `dice`, `score`,
    `threshold` and `labels` are what validation.Validated says they are.
    """

    epoch: int
    epochs: int
    loss: float
    dice: float | None
    threshold: float
    seconds: float
    score: float | None = None
    rate: float = 0.0
    labels: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: `network` is called as a network begins, with words on it; `photo` after each
    photo decoded, `batch` with (batches done, of an epoch's), `epoch` after each epoch; `stop` is
    asked after each batch whether to stop there."""

    network: Callable[[str], None] = lambda words: None
    photo: Callable[[], None] = lambda: None
    batch: Callable[[int, int], None] = lambda done, total: None
    epoch: Callable[[EpochReport], None] = lambda report: None
    stop: Callable[[], bool] = lambda: False

    def counting(self, before: int, total: int) -> Self:
        """The watch of one of several networks: told of their epochs as if they were one's."""

        def tell(report: EpochReport) -> None:
            self.epoch(replace(report, epoch=before + report.epoch, epochs=total))

        return replace(self, epoch=tell)


class Trainer:
    """A network with all that its training needs; its state goes to a checkpoint and back."""

    def __init__(
        self,
        recipe: Recipe,
        labels: Sequence[str],
        model: nn.Module,
        data: PixelCache,
        held: PixelCache,
        *,
        fine_tune: bool,
        team: Team,
    ) -> None:
        self.recipe, self.labels = recipe, tuple(labels)
        self.data, self.held = data, held
        self.schedule = recipe.fine_tune if fine_tune else recipe.schedule
        rate = recipe.fine_tune_rate if fine_tune else recipe.optimiser.rate
        self._repeats = max(1, -(-self.schedule.least_steps * self.schedule.batch // len(data)))
        self._often = photos_of_rare_labels(data.present(len(labels)), self.schedule.rare)
        self._team, self._fabric = team, team.fabric
        optimiser = build_optimiser(model.parameters(), recipe.optimiser, rate)
        self._rates = build_rates(
            optimiser,
            recipe.optimiser,
            rate=rate,
            epochs=self.schedule.epochs,
            steps=len(self._plan(0)),
        )
        self.model: Any
        self._optimiser: Any
        self.model, self._optimiser = team.setup(
            model.to(memory_format=torch.channels_last),
            optimiser,
        )
        decay = recipe.optimiser.average
        self._network = model  # as it is inside self.model
        self._average = average_of(model, decay) if decay else None
        counts = data.counts[: len(labels) + 1]
        self._loss = WeightedLoss(recipe.loss, (counts / counts.sum()).tolist())
        self._loss.to(self._fabric.device)
        self._mirrored = mirrored_ids(labels)

    @property
    def kept(self) -> nn.Module:
        """The network that is validated and kept: the average where there is one."""
        return self._network if self._average is None else self._average.module

    def finished(self, progress: TrainingProgress) -> bool:
        """Whether the epochs are over, or there was none better for as long as patience lasts."""
        waited = progress.epoch - progress.improved_epoch
        over = progress.epoch >= self.schedule.epochs
        return over or (progress.epoch > 0 and waited >= self.schedule.patience)

    def run_epoch(
        self, progress: TrainingProgress, watch: Watch, checkpoint: Path, identity: str
    ) -> Any:
        """Trains and validates an epoch, from the batch on where `progress` was interrupted.

        Raises:
            KeyboardInterrupt: `watch` asked to stop; the checkpoint says where.
            RecipeError: the training diverged.
            JobOver: this is not the first process, and the first has one of these.
        """
        begin = time.monotonic()
        self._train(progress, watch, checkpoint, identity)
        self._team.agree(lambda: check_weights(self.kept))
        steps = len(self._plan(progress.epoch + 1))
        found = validate(
            self.kept, self.held, self.recipe, self.labels, self._fabric.device, self._team
        )
        loss = self._team.tell(progress.loss / steps)
        self._rates.end_epoch(-loss if found.score is None else found.score)
        return EpochReport(
            epoch=progress.epoch + 1,
            epochs=self.schedule.epochs,
            loss=loss,
            dice=found.dice,
            threshold=found.threshold,
            seconds=time.monotonic() - begin,
            score=found.score,
            rate=float(self._optimiser.param_groups[0]["lr"]),
            labels=found.labels,
        )

    def take(self, progress: TrainingProgress, report: EpochReport) -> None:
        """Takes an epoch into the progress."""
        progress.add(
            asdict(report),
            report.score,
            report.threshold,
            self.kept,
            min_delta=self.schedule.min_delta,
        )

    def level(self, progress: TrainingProgress) -> TrainingProgress:
        """The progress, with all weights and rates, of the first process in all of them."""
        if self._team.size == 1:
            return progress
        packed = pack_state("", progress, self._parts()) if self._team.leads else None
        packed = self._team.tell(packed)
        if self._team.leads:
            return progress
        if packed is None:
            raise JobOver
        progress = unpack_state(packed, self._parts())
        torch.manual_seed(self.recipe.seed + self._team.place.rank)  # dropout of its own
        return progress

    def save(self, path: Path, identity: str, progress: TrainingProgress) -> None:
        """Writes a checkpoint."""
        save_checkpoint(path, identity, progress, self._parts())

    def load(self, path: Path, identity: str) -> TrainingProgress:
        """Goes back to a checkpoint.

        Raises:
            ModelError: it is broken, another training's, or of other epochs where rates need them.
        """
        return load_checkpoint(path, identity, self._parts())

    def _parts(self) -> dict[str, Any]:
        """All that has a state of its own."""
        parts = {"model": self.model, "optimiser": self._optimiser, "rates": self._rates}
        return parts if self._average is None else {**parts, "average": self._average}

    def _plan(self, epoch: int) -> list[list[int]]:
        return plan_epoch(
            self.data,
            batch=self.schedule.batch,
            repeats=self._repeats,
            seed=self.recipe.seed,
            epoch=epoch,
            often=self._often,
            least=self._team.size,
        )

    def _train(
        self, progress: TrainingProgress, watch: Watch, checkpoint: Path, identity: str
    ) -> None:
        self.model.train()
        epoch = progress.epoch + 1
        plan = self._plan(epoch)
        batches = training_batches(
            self.data,
            plan,
            self.recipe.augment,
            self._mirrored,
            seed=self.recipe.seed,
            epoch=epoch,
            start=progress.position,
            share=self._team.share,
        )
        for images, masks in batches:
            progress.loss += self._step(images, masks, len(plan[progress.position]))
            progress.position += 1
            watch.batch(progress.position, len(plan))
            if self._team.asked(watch.stop()):
                self.save(checkpoint, identity, progress)
                raise KeyboardInterrupt

    def _step(self, images: torch.Tensor, masks: torch.Tensor, count: int) -> float:
        device = self._fabric.device
        photos = normalise(images.to(device), self.recipe.input.preprocess)
        logits = self.model(photos.to(memory_format=torch.channels_last))
        value = self._loss(*self._team.whole(logits, masks, count))
        self._team.backward(value, self._network)
        norm = self._fabric.clip_gradients(
            self.model, self._optimiser, max_norm=_STEEPEST, error_if_nonfinite=False
        )
        loss = float(value.item())
        self._team.agree(lambda: check_numbers(loss, float(norm or 0.0)))
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self._rates.step()
        if self._average is not None:
            self._average.update_parameters(self._network)
        return loss
