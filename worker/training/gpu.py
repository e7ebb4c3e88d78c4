"""One training a GPU: which cards a training may use, claimed in the database while it runs."""

import logging
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hemline.settings import Device
from hemline.store.database.engine import Store
from hemline.store.models.card_claims import claim_card, release_card, renew_card
from worker.lease import new_owner

log = logging.getLogger(__name__)

_QUERY = ("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader")
_QUERY_TIMEOUT_S = 20.0
_JOIN_S = 1.0  # a renewal that waits for the database does not hold up the end of a worker
_THIS_BOOT = Path("/proc/sys/kernel/random/boot_id")


class CardHeld:
    """What a training has to run on: claimed cards, or the CPU."""

    def __init__(self, environment: Mapping[str, str], devices: int = 1) -> None:
        self.environment = environment  # keeps a training to its cards; empty on the CPU
        self.devices = devices  # processes that share the training, one a card
        self._is_lost = False
        self._act: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def when_lost(self, act: Callable[[], None]) -> None:
        """Calls `act`, once, when a card is another's: at once if it is already."""
        with self._lock:
            self._act = act
            if self._is_lost:
                act()

    def lose(self) -> None:
        """A card is another's."""
        with self._lock:
            self._is_lost = True
            if self._act is not None:
                self._act()


@dataclass(frozen=True)
class Gpu:
    """A card of this machine."""

    name: str  # the same in all containers of the machine, and no other card's
    visible_as: str  # as CUDA_VISIBLE_DEVICES takes it


@contextmanager
def claim_device(
    store: Store, device: Device, lease_s: float, devices: int = 1
) -> Iterator[CardHeld | None]:
    """What a training may run on, or None while too few cards of this machine are free.

    It gets `devices` cards, or all where there are fewer. A claim is renewed until the block ends.
    Whoever dies without giving it back, keeps the cards from others for `lease_s` seconds more.
    """
    cards = _cards() if device != "cpu" else []
    if not cards:
        yield CardHeld({}, devices)
        return
    if len(cards) < devices:
        log.warning("%d of %d devices are used: this host has no more", len(cards), devices)
        devices = len(cards)
    owner = new_owner()
    ours: list[Gpu] = []
    for card in cards:
        with store.session() as session:
            if len(ours) < devices and claim_card(session, card.name, owner, lease_s):
                ours.append(card)
    names = [card.name for card in ours]
    if len(ours) < devices:
        _release(store, names, owner, lease_s)
        yield None
        return
    visible = ",".join(card.visible_as for card in ours)
    held = CardHeld({"CUDA_VISIBLE_DEVICES": visible}, devices)
    with _renewed(store, names, owner, lease_s, held):
        yield held


def visible_gpus() -> list[str]:
    """Names of this machine's cards as CUDA_VISIBLE_DEVICES takes them, without loading torch."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [card.strip() for card in chosen.split(",") if card.strip() not in ("", "-1")]
    return _installed()


def _cards() -> list[Gpu]:
    """A number is another card in another container, so each is named by its UUID, where NVIDIA's
    tool tells it; and else by this boot of the machine, which its containers share."""
    visible = visible_gpus()
    if not visible:
        return []
    installed = _installed()
    return [_card(name, installed) for name in visible]


def _card(name: str, installed: list[str]) -> Gpu:
    if name.isdecimal() and int(name) < len(installed):
        uuid = installed[int(name)]
        return Gpu(uuid, uuid)
    if name.isdecimal():
        return Gpu(f"{_machine()} {name}", name)
    whole = [uuid for uuid in installed if uuid.startswith(name)]  # CUDA takes beginnings too
    return Gpu(whole[0] if len(whole) == 1 else name, name)


def _machine() -> str:
    try:
        return _THIS_BOOT.read_text().strip()
    except OSError:
        return socket.gethostname()[:60]


def _installed() -> list[str]:
    """UUIDs of the cards, in the order of their numbers."""
    try:
        listing = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_QUERY_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return listing.stdout.split() if listing.returncode == 0 else []


@contextmanager
def _renewed(
    store: Store, cards: Sequence[str], owner: str, lease_s: float, held: CardHeld
) -> Iterator[None]:
    """Renews claims three times within their length until the block ends; gives them back then."""
    ends = threading.Event()
    renewing = threading.Thread(
        target=_renew, args=(store, cards, owner, lease_s, held, ends), name="card", daemon=True
    )
    renewing.start()
    try:
        yield
    finally:
        ends.set()
        renewing.join(_JOIN_S)
        _release(store, cards, owner, lease_s)


def _release(store: Store, cards: Sequence[str], owner: str, lease_s: float) -> None:
    try:
        with store.session() as session:
            for card in cards:
                release_card(session, card, owner)
    except Exception as error:
        log.warning("cards %s are free in %g s, by themselves: %s", cards, lease_s, error)


def _renew(
    store: Store,
    cards: Sequence[str],
    owner: str,
    lease_s: float,
    held: CardHeld,
    ends: threading.Event,
) -> None:
    renewed = time.monotonic()
    while not ends.wait(lease_s / 3):
        try:
            with store.session() as session:
                lost = [card for card in cards if not renew_card(session, card, owner, lease_s)]
            is_ours = not lost
        except Exception as error:
            log.warning("the claim to cards %s is not renewed: %s", cards, error)
            lost = list(cards)
            is_ours = time.monotonic() - renewed < lease_s
        else:
            renewed = time.monotonic()
        if not is_ours:
            log.error("cards %s are another training's by now; the one here ends", lost)
            held.lose()
            return
