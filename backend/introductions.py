"""Projects that come for the first time, or with another label config: Label Studio is asked.

Anyone who reaches a backend without Basic auth can name any project and any config. Label Studio
waits while it calls /setup, with its database locked where that is SQLite; so it is asked
afterwards, from a thread of its own, and the project is stored as Label Studio says it is.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from hemline.errors import LabelStudioError, LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused

log = structlog.get_logger(__name__)

Told = Mapping[str, Any]
Ask = Callable[[int], Told]

_REFUSED_FOR_S = 60.0
_AT_ONCE = 32  # more than these wait for Label Studio's next call
_REMEMBERED = 1000


class Introductions:
    """Asks Label Studio about projects, one after the other.

    ask: what Label Studio says of a project; raises LabelStudioRefused for one it does not know.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._pending: set[int] = set()
        self._unknown: dict[int, float] = {}  # project to when it may be asked about again
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="introductions")

    def is_unknown(self, ls_project_id: int) -> bool:
        """Whether Label Studio has just said that it knows no such project."""
        with self._lock:
            return self._unknown.get(ls_project_id, 0.0) > time.monotonic()

    def begin(self, ls_project_id: int, welcome: Callable[[Told], object]) -> None:
        """Asks, and calls `welcome` with the answer from another thread, if there is one."""
        with self._lock:
            if ls_project_id in self._pending or len(self._pending) >= _AT_ONCE:
                return
            self._pending.add(ls_project_id)
        self._thread.submit(self._introduce, ls_project_id, welcome)

    def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _introduce(self, ls_project_id: int, welcome: Callable[[Told], object]) -> None:
        try:
            welcome(self._ask(ls_project_id))
        except LabelStudioUnavailable as error:
            log.warning("project not made yet", project=ls_project_id, problem=str(error))
        except LabelStudioRefused as error:
            if error.status in (403, 404):
                self._refuse(ls_project_id)
            log.warning("project not made", project=ls_project_id, problem=str(error))
        except LabelStudioError as error:
            log.warning("project not made", project=ls_project_id, problem=str(error))
        except Exception:
            log.exception("project not made", project=ls_project_id)
        finally:
            with self._lock:
                self._pending.discard(ls_project_id)

    def _refuse(self, ls_project_id: int) -> None:
        with self._lock:
            if len(self._unknown) >= _REMEMBERED:
                self._unknown.clear()
            self._unknown[ls_project_id] = time.monotonic() + _REFUSED_FOR_S
