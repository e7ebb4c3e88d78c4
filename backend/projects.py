"""The projects that Label Studio has told this process about, without a database on the hot path.

Label Studio calls /setup before every prediction and whenever someone lists backends; it nearly
always says what it said before.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import structlog

from hemline.errors import HemlineError
from hemline.labelstudio.config import LabelConfig
from hemline.project_config import remember_project
from hemline.store.engine import Store
from hemline.store.projects import get_project
from hemline.store.tables import Project

log = structlog.get_logger(__name__)


class UnknownProjectError(HemlineError):
    """A request names no project, or one that no /setup and no label config has introduced."""


@dataclass(frozen=True, slots=True)
class RegisteredProject:
    """A project and its parsed label config; `problem` says why there is no config."""

    row: Project  # detached: columns only
    config: LabelConfig | None
    problem: str | None
    fingerprint: tuple[str, bytes]  # key and digest of the label config


class ProjectBook:
    """Registers projects in the store, once for each label config."""

    def __init__(self, store: Store, *, changed: Callable[[int], object]) -> None:
        self._store = store
        self._changed = changed
        self._writing = threading.Lock()
        self._known: dict[int, RegisteredProject] = {}

    def register(self, ls_project_id: int, key: str, label_config: str) -> RegisteredProject:
        """The project under this label config; written to the store only if that is news."""
        fingerprint = (key, sha256(label_config.encode("utf-8", "replace")).digest())
        known = self._known.get(ls_project_id)
        if known is not None and known.fingerprint == fingerprint:
            return known
        with self._writing:
            known = self._known.get(ls_project_id)
            if known is not None and known.fingerprint == fingerprint:
                return known
            return self._write(ls_project_id, key, label_config, fingerprint)

    def find(self, ls_project_id: int) -> RegisteredProject:
        """A project that was registered before, by this process or an earlier one.

        Raises:
            UnknownProjectError: it never was.
        """
        known = self._known.get(ls_project_id)
        if known is not None:
            return known
        with self._store.reading() as session:
            row = get_project(session, ls_project_id)
        if row is None or not row.label_config:
            raise UnknownProjectError(
                f"project {ls_project_id} is not known; connect it with `hemline connect "
                f"{ls_project_id}` or send its label_config"
            )
        return self.register(ls_project_id, row.ls_key, row.label_config)

    def _write(
        self, ls_project_id: int, key: str, label_config: str, fingerprint: tuple[str, bytes]
    ) -> RegisteredProject:
        with self._store.session() as session:
            known = remember_project(session, ls_project_id, label_config, ls_key=key)
        registered = RegisteredProject(known.row, known.config, known.problem, fingerprint)
        self._known[ls_project_id] = registered
        log.info("project registered", project=ls_project_id, problem=known.problem)
        self._changed(ls_project_id)
        return registered
