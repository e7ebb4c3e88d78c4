"""The projects that Label Studio has told this process about, without a database on the hot path.

Label Studio calls /setup before every prediction and whenever someone lists backends; it nearly
always says what it said before.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import NoReturn

import structlog

from backend.introductions import Introductions, Told
from hemline.errors import HemlineError
from hemline.labelstudio.project.config import LabelConfig, parse_label_config
from hemline.prefill.project_config import remember_project
from hemline.store.database.engine import SQLITE_BUSY_TIMEOUT_S, Store
from hemline.store.database.trouble import busy
from hemline.store.loop.projects import get_project, not_known
from hemline.store.tables.loop import Project

log = structlog.get_logger(__name__)


class UnknownProjectError(HemlineError):
    """A request names no project, or one that no /setup and no label config has introduced."""


class NotIntroducedError(UnknownProjectError):
    """A request names a project that Label Studio is being asked about."""


@dataclass(frozen=True, slots=True)
class RegisteredProject:
    """A project and its parsed label config; `problem` says why there is no config."""

    row: Project  # detached: columns only
    config: LabelConfig | None
    problem: str | None
    fingerprint: tuple[str, bytes]  # key and digest of the label config


class ProjectBook:
    """Registers projects in the store, once for each label config.

    introductions: asked about projects and label configs that are not in the store yet; None:
        whoever names one is believed.
    """

    def __init__(
        self,
        store: Store,
        *,
        changed: Callable[[int], object],
        introductions: Introductions | None = None,
    ) -> None:
        self._store = store
        self._changed = changed
        self._introductions = introductions
        self._writing = threading.Lock()
        self._known: dict[int, RegisteredProject] = {}

    def register(
        self,
        ls_project_id: int,
        key: str,
        label_config: str,
        *,
        wait_s: float = SQLITE_BUSY_TIMEOUT_S,
    ) -> RegisteredProject:
        """The project under this label config; written to the store only if that is news.

        wait_s: how long to wait for others who write; at most twice that passes.

        Raises:
            UnknownProjectError: Label Studio knows no such project.
            NotIntroducedError: Label Studio is being asked about the project.
            StoreUnavailable: it is news, and others write for longer.
        """
        fingerprint = _fingerprint(key, label_config)
        known = self._known.get(ls_project_id)
        if known is not None and known.fingerprint == fingerprint:
            return known
        if known is None:
            stored = self._stored(ls_project_id)
            if stored is not None and _says(stored, key, label_config):
                return self._remember(stored, fingerprint)
            config = stored.label_config if stored is not None else None
        else:
            config = known.row.label_config
        if self._introductions is not None and config != label_config:
            self._introduce(self._introductions, ls_project_id, key, label_config)
        with self._turn(wait_s) as left_s:
            known = self._known.get(ls_project_id)
            if known is not None and known.fingerprint == fingerprint:
                return known
            return self._write(ls_project_id, key, label_config, fingerprint, left_s)

    def find(self, ls_project_id: int) -> RegisteredProject:
        """A project that was registered before, by this process or an earlier one.

        Raises:
            UnknownProjectError: it never was.
        """
        known = self._known.get(ls_project_id)
        if known is not None:
            return known
        row = self._stored(ls_project_id)
        if row is None or not row.label_config:
            raise UnknownProjectError(f"{not_known(ls_project_id)} or send its label_config")
        return self.register(ls_project_id, row.ls_key, row.label_config)

    def _stored(self, ls_project_id: int) -> Project | None:
        with self._store.reading() as session:
            return get_project(session, ls_project_id)

    def _remember(self, row: Project, fingerprint: tuple[str, bytes]) -> RegisteredProject:
        """A project that the store has as Label Studio tells it: nothing is written, and so no
        writer is waited for."""
        config = parse_label_config(row.label_config)
        known = self._known[row.ls_project_id] = RegisteredProject(row, config, None, fingerprint)
        self._changed(row.ls_project_id)
        return known

    def _introduce(
        self,
        introductions: Introductions,
        ls_project_id: int,
        key: str,
        label_config: str,
    ) -> NoReturn:
        if introductions.is_unknown(ls_project_id):
            raise UnknownProjectError(
                f"Label Studio has no project {ls_project_id}; check LABEL_STUDIO_URL and which "
                "user LABEL_STUDIO_API_KEY belongs to"
            )
        parse_label_config(label_config)  # a config that cannot be used is refused at once

        def welcome(told: Told) -> None:
            config = str(told.get("label_config") or "")
            with self._turn(SQLITE_BUSY_TIMEOUT_S) as left_s:
                self._write(ls_project_id, key, config, _fingerprint(key, config), left_s)

        introductions.begin(ls_project_id, welcome)
        raise NotIntroducedError(
            f"project {ls_project_id} or its label config is new, and Label Studio is being asked "
            "about it; try again in a moment"
        )

    @contextmanager
    def _turn(self, wait_s: float) -> Iterator[float]:
        """The turn to write a project, and the seconds of `wait_s` that are left for the store."""
        until = time.monotonic() + wait_s
        if not self._writing.acquire(timeout=wait_s):
            raise busy(self._store.name)
        try:
            yield max(0.0, until - time.monotonic())
        finally:
            self._writing.release()

    def _write(
        self,
        ls_project_id: int,
        key: str,
        label_config: str,
        fingerprint: tuple[str, bytes],
        wait_s: float,
    ) -> RegisteredProject:
        with self._store.session(wait_s=wait_s) as session:
            known = remember_project(session, ls_project_id, label_config, ls_key=key)
        registered = RegisteredProject(known.row, known.config, known.problem, fingerprint)
        self._known[ls_project_id] = registered
        log.info("project registered", project=ls_project_id, problem=known.problem)
        self._changed(ls_project_id)
        return registered


def _fingerprint(key: str, label_config: str) -> tuple[str, bytes]:
    return key, sha256(label_config.encode("utf-8", "replace")).digest()


def _says(row: Project, key: str, label_config: str) -> bool:
    """Whether the store has the project like this, and nothing is wrong with it."""
    return (row.ls_key, row.label_config, row.problem) == (key, label_config, None)
