"""Projects that come for the first time: Label Studio is asked whether it knows them.

Anyone who reaches a backend without Basic auth can name any project. Label Studio waits while it
calls /setup, with its database locked where that is SQLite; so it is asked afterwards, from a
thread of its own, and the project is made once it has said yes.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from hemline.errors import LabelStudioError, LabelStudioUnavailable
from hemline.labelstudio.http import LabelStudioRefused

log = structlog.get_logger(__name__)

Ask = Callable[[int], object]

_REFUSED_FOR_S = 60.0
_AT_ONCE = 32  # more than these wait for Label Studio's next call
_REMEMBERED = 1000


class Introductions:
    """Asks Label Studio about projects, one after the other.

    ask: raises LabelStudioRefused for a project that Label Studio does not know.
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

    def begin(self, ls_project_id: int, welcome: Callable[[], object]) -> None:
        """Asks, and calls `welcome` from another thread if Label Studio knows the project."""
        with self._lock:
            if ls_project_id in self._pending or len(self._pending) >= _AT_ONCE:
                return
            self._pending.add(ls_project_id)
        self._thread.submit(self._introduce, ls_project_id, welcome)

    def stop(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _introduce(self, ls_project_id: int, welcome: Callable[[], object]) -> None:
        try:
            self._ask(ls_project_id)
            welcome()
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
