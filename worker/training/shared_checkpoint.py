"""A run's last checkpoint among the artifacts, for the host that takes the run over.

Only where other hosts can reach the artifacts; in HEMLINE_HOME the work folder is as good.
"""

import logging
import time
from pathlib import Path

from hemline.errors import ArtifactError, ArtifactsUnavailable
from hemline.files import write_atomically
from hemline.store.models.checkpoints import (
    KeptCheckpoint,
    forget_checkpoint,
    keep_checkpoint,
    kept_checkpoint,
)
from worker.services import Services

log = logging.getLogger(__name__)

_SHARE = 0.05  # of a training's time, for keeping its checkpoints
_CHECKPOINTS = "checkpoint.pt"  # one of each network, in folders of their own
_EPOCH = "epoch"  # beside them: how far they are


class SharedCheckpoint:
    """The checkpoint of a run that this process owns as `owner` and trains in the folder `work`."""

    def __init__(self, services: Services, run_id: int, owner: str, work: Path) -> None:
        self._services = services
        self._run_id = run_id
        self._owner = owner
        self._work = work
        self._is_shared = services.settings.artifacts_are_shared
        self._known: dict[str, tuple[float, str]] = {}  # path to its time and digest, as kept
        self._again_at = 0.0  # time.monotonic()

    def bring(self) -> None:
        """Puts the kept checkpoint into the work folder if it is further than what is there.

        Raises ArtifactsUnavailable if it cannot be had now. One that is lost or damaged is left
        out: the training goes on from what this host has, or begins afresh.
        """
        if not self._is_shared:
            return
        with self._services.store.reading() as session:
            kept = kept_checkpoint(session, self._run_id)
        if kept is None or kept.epoch <= self._epoch_here():
            return
        try:
            files = {
                path: self._services.artifacts.fetch(digest) for path, digest in kept.files.items()
            }
        except ArtifactError as error:
            log.warning("run %d: its checkpoint is lost: %s", self._run_id, error)
            return
        for path in self._files():
            (self._work / path).unlink()
        for path, data in files.items():
            write_atomically(self._work / path, data)
        write_atomically(self._work / _EPOCH, str(kept.epoch).encode())
        log.info("run %d goes on after epoch %d, from another host", self._run_id, kept.epoch)

    def keep(self, epoch: int) -> None:
        """Keeps the checkpoint that was just written, unless too much time went into that."""
        if not self._is_shared:
            return
        write_atomically(self._work / _EPOCH, str(epoch).encode())
        begun = time.monotonic()
        if begun < self._again_at:
            return
        try:
            self._keep(epoch)
        except (ArtifactError, ArtifactsUnavailable) as error:
            log.warning("the checkpoint of epoch %d is kept on this host alone: %s", epoch, error)
        now = time.monotonic()
        self._again_at = now + (now - begun) / _SHARE

    def forget(self) -> None:
        """The training begins afresh."""
        forget_checkpoints(self._services, self._run_id)

    def _keep(self, epoch: int) -> None:
        files = {path: self._put(path) for path in self._files()}
        with self._services.store.session() as session:
            before = kept_checkpoint(session, self._run_id)
            is_ours = keep_checkpoint(
                session, self._run_id, self._owner, KeptCheckpoint(epoch, files)
            )
        old = set(before.files.values()) if before else set()
        new = set(files.values())
        _remove(self._services, old - new if is_ours else new - old)

    def _put(self, path: str) -> str:
        """The digest of a file; one that has not changed since, of a network that is done, is not
        sent again."""
        file = self._work / path
        changed_at = file.stat().st_mtime
        known = self._known.get(path)
        if known is None or known[0] != changed_at:
            digest = self._services.artifacts.put(file.read_bytes(), "checkpoint")
            self._known[path] = known = (changed_at, digest)
        return known[1]

    def _files(self) -> list[str]:
        return [str(path.relative_to(self._work)) for path in self._work.rglob(_CHECKPOINTS)]

    def _epoch_here(self) -> int:
        try:
            return int((self._work / _EPOCH).read_text())
        except (OSError, ValueError):
            return 0


def forget_checkpoints(services: Services, run_id: int) -> None:
    """Removes what is kept of a run that is over or begins afresh."""
    with services.store.reading() as session:
        kept = kept_checkpoint(session, run_id)
    if kept is None:
        return
    if _remove(services, set(kept.files.values())):  # else the next tidying does
        with services.store.session() as session:
            forget_checkpoint(session, run_id)


def _remove(services: Services, digests: set[str]) -> bool:
    """False if they cannot be removed now."""
    try:
        for digest in digests:
            services.artifacts.remove(digest)
    except (ArtifactsUnavailable, OSError) as error:  # a folder may be another user's
        log.warning("old checkpoints stay: %s", error)
        return False
    return True
