"""A checkpoint: all that a training needs to go on after its process died."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hemline.errors import ModelError
from hemline.files import write_atomically


@dataclass(slots=True)
class TrainingProgress:
    """How far a training is, and the best weights so far.

    `position` and `loss` are for an epoch that was interrupted: the batches done, and the sum of
    their losses. `improved_epoch` is the last that was better by what counts as better.
    """

    epoch: int = 0
    position: int = 0
    loss: float = 0.0
    best_epoch: int = 0
    best_score: float | None = None
    best_threshold: float = 0.5
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    improved_epoch: int = 0
    improved_score: float | None = None
    curve: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        report: dict[str, Any],
        score: float | None,
        threshold: float,
        model: Any,
        *,
        min_delta: float = 0.0,
    ) -> None:
        """Takes in an epoch. Without a validation score the newest weights are the best."""
        self.epoch += 1
        self.position, self.loss = 0, 0.0
        self.curve.append(report)
        before = self.improved_score
        if score is None or before is None or score > before + min_delta:
            self.improved_epoch, self.improved_score = self.epoch, score
        if score is None or self.best_score is None or score > self.best_score:
            self.best_epoch, self.best_score, self.best_threshold = self.epoch, score, threshold
            self.best_weights = {
                key: value.detach().cpu().clone() for key, value in model.state_dict().items()
            }


def save_checkpoint(
    path: Path, identity: str, progress: TrainingProgress, parts: Mapping[str, Any]
) -> None:
    """Writes the state of a training and of its `parts`, each by its name, atomically: a kill
    leaves the old one or the new one."""
    write_atomically(path, pack_state(identity, progress, parts))


def pack_state(identity: str, progress: TrainingProgress, parts: Mapping[str, Any]) -> bytes:
    """What a checkpoint holds."""
    buffer = io.BytesIO()
    state = {name: getattr(progress, name) for name in TrainingProgress.__slots__}
    torch.save(
        {
            "identity": identity,
            "progress": state,
            **{name: part.state_dict() for name, part in parts.items()},
            "random": torch.get_rng_state(),  # what dropout draws from
        },
        buffer,
    )
    return buffer.getvalue()


def load_checkpoint(path: Path, identity: str, parts: Mapping[str, Any]) -> TrainingProgress:
    """Puts a checkpoint's state into the training's `parts` and returns its progress.

    Raises:
        ModelError: the file is broken, or was written by a training of another recipe, parent,
            class list or set of photos, or of another number of epochs where that matters.
    """
    try:
        state = dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # a torn pickle fails in as many ways as there are bytes
        raise ModelError(f"checkpoint '{path}' cannot be read; delete it to start over") from error
    if state.get("identity") != identity:
        raise ModelError(
            f"checkpoint '{path}' was written with another recipe, parent, class list or set of "
            "photos; give the same ones, or another folder to start over"
        )
    return _put(state, parts)


def unpack_state(packed: bytes, parts: Mapping[str, Any]) -> TrainingProgress:
    """Puts what `pack_state` made into the training's `parts` and returns its progress."""
    return _put(torch.load(io.BytesIO(packed), map_location="cpu", weights_only=True), parts)


def _put(state: Mapping[str, Any], parts: Mapping[str, Any]) -> TrainingProgress:
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["random"])
    return TrainingProgress(**state["progress"])
