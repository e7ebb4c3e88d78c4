"""Where torchrun put this process among those that train together. Loads no torch."""

import ctypes
import os
import signal
import sys
from dataclasses import dataclass

from hemline.errors import ModelError

EXIT_PARTNER_LOST = 77  # of a process that was cut off by the end of another
EXIT_ALL_DONE = 78  # of a first process that is done while the others still wait for it
LAUNCHER = "HEMLINE_RANKS_LAUNCHER"  # process id of the one that ran torchrun's agent
RENDEZVOUS = "HEMLINE_RANKS_FILE"  # where the processes of one host meet
UNUSED_ALLOWED = "ddp_find_unused_parameters_true"
STRATEGIES = ("ddp", UNUSED_ALLOWED)

_RUN = "TORCHELASTIC_RUN_ID"  # torchrun sets it for each process that it starts


@dataclass(frozen=True, slots=True)
class RankPlace:
    """Counted from 0: `rank` of `size` processes, `local_rank` of the `local_size` on its host,
    which is `node` of `nodes`. The process of rank 0 leads."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    node: int = 0
    nodes: int = 1


ALONE = RankPlace()


def my_place() -> RankPlace | None:
    """This process's place; None where torchrun did not start it.

    >>> my_place() is None
    True
    """
    if _RUN not in os.environ:
        return None
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK")
    rank, size, local_rank, local_size, node = (int(os.environ[name]) for name in names)
    return RankPlace(rank, size, local_rank, local_size, node, size // local_size)


def check_options(place: RankPlace | None, strategy: str, devices: int) -> None:
    """Raises ModelError for an unknown strategy, or for other devices than torchrun was given."""
    if strategy not in STRATEGIES:
        raise ModelError(f"unknown strategy '{strategy}'; choose from {', '.join(STRATEGIES)}")
    if place is not None and devices not in (1, place.local_size):
        raise ModelError(
            f"--devices is {devices}, but torchrun has started {place.local_size} processes on "
            "this host; leave --devices out"
        )


def settle(place: RankPlace) -> None:
    """Leaves Ctrl-C to the first process, which tells those of its host; another host's end by it.

    On Linux a process also ends when the one that launched it is gone, however that ended.
    """
    if place.rank > 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN if place.node == 0 else signal.SIG_DFL)
    launcher = os.environ.get(LAUNCHER)
    if launcher is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
    if os.getppid() != int(launcher):
        sys.exit("the process that launched this one is gone")
