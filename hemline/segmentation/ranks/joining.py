"""Makes a process part of the team that torchrun started it for, or a team of its own."""

import os
from pathlib import Path
from typing import Literal

import torch
import torch.distributed as dist
from lightning.fabric import Fabric
from lightning.fabric.strategies.ddp import DDPStrategy

from hemline.errors import ModelError
from hemline.segmentation.device import choose_device
from hemline.segmentation.ranks.place import RENDEZVOUS, UNUSED_ALLOWED, RankPlace
from hemline.segmentation.ranks.team import Team


def team_of_one(device: str) -> Team:
    """This process alone, on a device of that name.

    Raises:
        ModelError: there is no such device here.
    """
    accelerator = choose_device(device)
    fabric = Fabric(accelerator=accelerator, devices=1, precision=_precision(accelerator))
    fabric.launch()
    return Team(fabric)


def join_team(place: RankPlace, device: str, strategy: str, folder: Path) -> Team:
    """Waits for the others of a training: gloo brings CPUs together, nccl GPUs, one a process.

    The cores of a host are divided among its processes. `folder` is where the photos of a training
    on several hosts are copied to.

    Raises:
        ModelError: there is no such device here, or not one for each process of this host.
    """
    accelerator = choose_device(device)
    if accelerator == "cuda":
        check_cards(place.local_size)
        torch.cuda.set_device(place.local_rank)
    torch.set_num_threads(max(1, torch.get_num_threads() // place.local_size))
    file = os.environ.get(RENDEZVOUS)
    dist.init_process_group(
        "nccl" if accelerator == "cuda" else "gloo",
        init_method=f"file://{file}" if file else "env://",
        rank=place.rank,
        world_size=place.size,
    )
    fabric = Fabric(
        accelerator=accelerator,
        devices=place.local_size,
        num_nodes=place.nodes,
        strategy=DDPStrategy(find_unused_parameters=strategy == UNUSED_ALLOWED),
        precision=_precision(accelerator),
    )
    fabric.launch()
    return Team(fabric, place, strategy=strategy, folder=folder)


def check_cards(processes: int) -> None:
    """Raises ModelError where this host has fewer GPUs than processes that need one."""
    cards = torch.cuda.device_count()
    if processes > cards:
        raise ModelError(
            f"{processes} devices were asked for, but PyTorch finds {cards} GPUs on this host; "
            "ask for as many as there are, or give --device cpu"
        )


def _precision(accelerator: str) -> Literal["bf16-mixed", "32-true"]:
    return "bf16-mixed" if accelerator == "cuda" else "32-true"
