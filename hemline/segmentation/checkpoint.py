"""A checkpoint: all that a training needs to go on after its process died."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hemline.errors import ModelError
from hemline.files import write_atomically


@dataclass(slots=True)
class Progress:
    """How far a training is, and the best weights so far."""

    epoch: int = 0
    best_epoch: int = 0
    best_dice: float | None = None
    best_threshold: float = 0.5
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    curve: list[dict[str, Any]] = field(default_factory=list)

    def add(self, report: dict[str, Any], dice: float | None, threshold: float, model: Any) -> None:
        """Takes in an epoch. Without a validation Dice the newest weights are the best."""
        self.epoch += 1
        self.curve.append(report)
        if dice is None or self.best_dice is None or dice > self.best_dice:
            self.best_epoch, self.best_dice, self.best_threshold = self.epoch, dice, threshold
            self.best_weights = {
                key: value.detach().cpu().clone() for key, value in model.state_dict().items()
            }


def save_checkpoint(
    path: Path, identity: str, progress: Progress, model: Any, optimiser: Any, scheduler: Any
) -> None:
    """Writes the state of a training atomically: a kill leaves the old one or the new one."""
    buffer = io.BytesIO()
    state = {name: getattr(progress, name) for name in Progress.__slots__}
    torch.save(
        {
            "identity": identity,
            "progress": state,
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "scheduler": scheduler.state_dict(),
        },
        buffer,
    )
    write_atomically(path, buffer.getvalue())


def load_checkpoint(
    path: Path, identity: str, model: Any, optimiser: Any, scheduler: Any
) -> Progress:
    """Puts a checkpoint's state into the training's parts and returns its progress.

    Raises:
        ModelError: the file is broken, or was written by a training of another recipe, parent,
            class list or set of photos.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a torn pickle fails in as many ways as there are bytes
        raise ModelError(
            f"checkpoint '{path}' cannot be read; delete it to start afresh"
        ) from error
    if state["identity"] != identity:
        raise ModelError(
            f"checkpoint '{path}' was written with another recipe, parent, class list or set of "
            "photos; give the same ones, or another folder to start afresh"
        )
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    scheduler.load_state_dict(state["scheduler"])
    return Progress(**state["progress"])
