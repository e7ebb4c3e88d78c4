"""The processes that train one network together, and all that they do in common.

Each batch of the recipe is divided among them. What comes of it is what one process makes of the
whole batch, up to rounding: the loss is taken over all its photos, BatchNorm too.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import numpy as np
import torch
import torch.distributed as dist
from lightning.fabric import Fabric
from torch import Tensor, nn

from hemline.errors import HemlineError, RecipeError
from hemline.segmentation.ranks.batch_norm import check_statistics, share_statistics
from hemline.segmentation.ranks.job import NetworkJob
from hemline.segmentation.ranks.place import ALONE, EXIT_PARTNER_LOST, UNUSED_ALLOWED, RankPlace
from hemline.segmentation.recipe.recipe import Recipe

_WAIT = timedelta(days=1)  # the others wait while the first decodes, predicts or judges
_CHUNK = 64 * 2**20  # bytes of photos sent at a time
_SHOWS_S = 3.0  # until torchrun has seen which process was the first to end
_GONE = ("gloo", "nccl", "connection closed", "connection reset", "broken pipe")


T = TypeVar("T")


class JobOver(Exception):
    """The network that a process helped to train is over; the first process knows why."""


class Team:
    """The processes of a training; of one, everything is as if there were no team.

    All of them call each method in the same order. As a context it tells the others, when the
    first process leaves, that no network is left to train.
    """

    def __init__(
        self,
        fabric: Fabric,
        place: RankPlace = ALONE,
        *,
        strategy: str = "ddp",
        folder: Path = Path(),
    ) -> None:
        self.fabric = fabric
        self.place = place
        self.is_training = False  # the others are in the middle of a network
        self._strategy = strategy
        self._folder = folder / f"photos-of-node-{place.node}"  # copies, on other hosts
        self._copies: dict[tuple[str, int, int], Path] = {}
        if self.size > 1:
            self._talk: Any = dist.new_group(backend="gloo", timeout=_WAIT)
        if place.nodes > 1:
            firsts = [node * place.local_size for node in range(place.nodes)]
            self._couriers: Any = dist.new_group(firsts, backend="gloo", timeout=_WAIT)

    @property
    def size(self) -> int:
        return self.place.size

    @property
    def leads(self) -> bool:
        """Whether this process is the first: the one that reads data and writes files."""
        return self.place.rank == 0

    def share(self, count: int, rank: int | None = None) -> range:
        """The places among `count` photos that are a process's, this one's by default."""
        rank = self.place.rank if rank is None else rank
        return range(count * rank // self.size, count * (rank + 1) // self.size)

    def check(self, recipe: Recipe, network: nn.Module, batch: int) -> None:
        """Raises RecipeError where these processes cannot train the network."""
        if self.size == 1:
            return
        if batch < self.size:
            raise RecipeError(
                f"the recipe '{recipe.name}' has batches of {batch} photos, which {self.size} "
                f"processes cannot share; set schedule.batch and fine_tune.batch to {self.size} or "
                "more, or train on fewer devices"
            )
        check_statistics(network)

    def setup(self, network: nn.Module, optimiser: Any) -> Any:
        """Network and optimiser as the loop uses them: on the device, gradients averaged."""
        if self.size > 1:
            share_statistics(network)
        return self.fabric.setup(network, optimiser)

    def whole(self, logits: Tensor, masks: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Logits `(N, C, H, W)` and masks `(N, H, W)` of a batch's `count` photos, from each
        process's own. Only this process's have a gradient."""
        if self.size == 1:
            return logits, masks
        shares = [len(self.share(count, rank)) for rank in range(self.size)]
        pieces = _gathered(logits.detach(), shares, None)
        pieces[self.place.rank] = logits
        return torch.cat(pieces), torch.cat(_gathered(masks, shares, self._talk))

    def backward(self, loss: Tensor, network: nn.Module) -> None:
        """The gradients of a loss over the whole batch, the same in all processes.

        Raises:
            RecipeError: a parameter has none, and the strategy does not allow that.
        """
        # Each process has the part of the gradient that its photos have; their mean is taken.
        self.fabric.backward(loss if self.size == 1 else loss * self.size)
        if self.size == 1 or self._strategy == UNUSED_ALLOWED:
            return
        unused = [name for name, value in network.named_parameters() if value.grad is None]
        if unused:
            self.is_training = False
            if not self.leads:
                raise JobOver
            raise RecipeError(
                f"{len(unused)} of the network's parameters, such as {unused[0]}, have no part in "
                f"the result, which the strategy ddp does not allow; choose {UNUSED_ALLOWED}"
            )

    def agree(self, check: Callable[[], None]) -> None:
        """Raises in all processes what `check` raises in any: RecipeError in the first."""
        if self.size == 1:
            check()
            return
        problem = ""
        try:
            check()
        except HemlineError as error:
            problem = str(error)
        if not self._any(bool(problem)):
            return
        self.is_training = False
        if not self.leads:
            raise JobOver
        raise RecipeError(problem or "the training diverged in another of its processes")

    def asked(self, stop: bool) -> bool:
        """Whether the first process was asked to stop."""
        if self.size == 1:
            return stop
        if not self._any(stop and self.leads):
            return False
        self.is_training = False
        if not self.leads:
            raise JobOver
        return True

    def tell(self, value: T) -> T:
        """The first process's value, in all."""
        if self.size == 1:
            return value
        told = [value]
        dist.broadcast_object_list(told, src=0, group=self._talk)
        return told[0]

    def collect(self, value: T) -> list[T]:
        """The values of all processes, in their order."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=self._talk)
        return cast("list[T]", found)

    def call(self, job: NetworkJob) -> None:
        """The others begin on a network; the first process does so by itself."""
        if self.size == 1:
            return
        self.is_training = True
        self.tell(job)
        for file in (job.data, job.held):
            self._file(file.path)

    def over(self) -> None:
        """The network is trained: the others wait for the next."""
        self.is_training = False

    def call_off(self) -> None:
        """The network that was called for is not trained: instead of Trainer.level."""
        self.tell(None)
        self.over()

    def dismiss(self) -> None:
        """There is no other network to train: the other processes end."""
        if self.size == 1 or not dist.is_initialized():
            return
        if self.leads:
            self.tell(None)
        dist.destroy_process_group()

    def next_job(self) -> NetworkJob | None:
        """What the first process calls for, its photos on this host; None: nothing any more."""
        job = self.tell(cast("NetworkJob | None", None))
        if job is None:
            return None
        data, held = (file.at(self._file(file.path)) for file in (job.data, job.held))
        return replace(job, data=data, held=held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.size == 1:
            return
        if isinstance(error, RuntimeError) and _is_of_a_lost_partner(error):
            time.sleep(_SHOWS_S)
            raise SystemExit(EXIT_PARTNER_LOST) from None
        if self.place.node > 0 and self.place.local_rank == 0:
            shutil.rmtree(self._folder, ignore_errors=True)
        if not self.is_training:  # else torchrun ends the others once this process has ended
            self.dismiss()

    def _any(self, said: bool) -> bool:
        flag = torch.tensor([int(said)])
        dist.all_reduce(flag, op=dist.ReduceOp.MAX, group=self._talk)
        return bool(flag)

    def _file(self, path: Path) -> Path:
        """The first process's file on this host. Other hosts get a copy, once."""
        if self.place.nodes == 1:
            return path
        known = self.tell(_version(path) if self.leads else ("", 0, 0))
        if known not in self._copies:
            self._copies[known] = self._copy(path, known[1])
            dist.barrier(group=self._talk)
        return self._copies[known]

    def _copy(self, path: Path, size: int) -> Path:
        """Sends a file from the first process to the first of each other host."""
        if self.place.node > 0:
            path = self._folder / f"{len(self._copies)}.pixels"
        if self.place.local_rank > 0:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb" if self.leads else "wb") as file:
            for start in range(0, size, _CHUNK):
                chunk = np.zeros(min(_CHUNK, size - start), np.uint8)
                if self.leads:
                    chunk = np.frombuffer(bytearray(file.read(len(chunk))), np.uint8)
                dist.broadcast(torch.from_numpy(chunk), src=0, group=self._couriers)
                if not self.leads:
                    file.write(chunk.tobytes())
        return path


def _gathered(own: Tensor, shares: Sequence[int], group: Any) -> list[Tensor]:
    """Each process's rows, of which it has as many as `shares` says."""
    padded = own.new_zeros((max(shares), *own.shape[1:]))
    padded[: len(own)] = own
    found = [torch.empty_like(padded) for _ in shares]
    dist.all_gather(found, padded, group=group)
    return [rows[:number] for rows, number in zip(found, shares, strict=True)]


def _version(path: Path) -> tuple[str, int, int]:
    """What tells a file from one of the same name that was written before."""
    state = path.stat()
    return str(path), state.st_size, state.st_mtime_ns


def _is_of_a_lost_partner(error: RuntimeError) -> bool:
    words = str(error).lower()
    return isinstance(error, dist.DistError) or any(word in words for word in _GONE)
