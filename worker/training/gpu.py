"""One training a GPU: which card a training may use, held by a lock file while it runs."""

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hemline.settings import Device

_QUERY = ("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader")
_QUERY_TIMEOUT_S = 20.0


@contextmanager
def claim_device(device: Device) -> Iterator[Mapping[str, str] | None]:
    """The environment that keeps a training to its card, or None while every card is taken.

    Empty where trainings run on the CPU. The lock is let go of when the claimer ends or dies, and
    all workers of the machine see it, those of other projects and homes too.
    """
    cards = visible_gpus() if device != "cpu" else []
    if not cards:
        yield {}
        return
    for card in cards:
        handle = _lock(card)
        if handle is not None:
            try:
                yield {"CUDA_VISIBLE_DEVICES": card}
            finally:
                os.close(handle)
            return
    yield None


def visible_gpus() -> list[str]:
    """Names of this machine's cards as CUDA_VISIBLE_DEVICES takes them, without loading torch."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [card.strip() for card in chosen.split(",") if card.strip() not in ("", "-1")]
    try:
        listing = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_QUERY_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return listing.stdout.split() if listing.returncode == 0 else []


def _lock(card: str) -> int | None:
    name = "".join(letter if letter.isalnum() else "-" for letter in card)
    path = Path(tempfile.gettempdir()) / f"hemline-gpu-{name}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
