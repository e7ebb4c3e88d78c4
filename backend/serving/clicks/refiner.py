"""The network that follows clicks: opened beside requests, on a thread of its own.

It has its own thread so that a click does not wait for the prediction of a whole photo.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from backend.serving.model_thread import ModelThread
from hemline.errors import HemlineError, StoreUnavailable
from hemline.segmentation.clicks.maps import Box, Click

log = structlog.get_logger(__name__)

_OPEN_WAIT_S = 20.0  # somebody who clicks while it is being opened waits this long
_RETRY_S = 60.0  # after this long it is tried again, and its form is looked at again


class Refiner(Protocol):
    """What is used of hemline.segmentation.clicks.refiner.ClickRefiner."""

    @property
    def name(self) -> str: ...

    def refine(
        self,
        photo: NDArray[np.uint8],
        probability: NDArray[np.float32] | None,
        mask: NDArray[np.bool_],
        clicks: Sequence[Click],
        box: Box | None = None,
    ) -> NDArray[np.bool_]: ...


class NotReadyError(HemlineError):
    """The network for clicks cannot be used now."""


class RefinerThread:
    """Opens the network when clicks are to be expected and runs it, one click at a time.

    open_refiner: may take seconds; raises HemlineError where it cannot run.
    form: names what `open_refiner` opens now. When it changes, the network is opened again beside
        the one that answers, and takes its place.
    """

    def __init__(self, open_refiner: Callable[[], Refiner], form: Callable[[], str]) -> None:
        self._open = open_refiner
        self._form = form
        self._opened = ""  # the form of the one that answers
        self._thread = ModelThread()
        self._changed = threading.Condition()
        self._refiner: Refiner | None = None
        self._opening = False
        self._problem = ""
        self._again_at = 0.0

    def open_soon(self) -> None:
        """Clicks are to be expected: has the network opened, and waits for nothing."""
        with self._changed:
            if self._refiner is None:
                self._begin()

    def get(self) -> Refiner:
        """The network, which is waited for while it is being opened.

        Raises:
            NotReadyError: it cannot be opened, or not within 20 s.
        """
        deadline = time.monotonic() + _OPEN_WAIT_S
        with self._changed:
            while self._refiner is None:
                self._begin()
                left = deadline - time.monotonic()
                if not self._opening:
                    raise NotReadyError(f"masks do not follow clicks: {self._problem}")
                if left <= 0:
                    raise NotReadyError("the network for clicks is still being opened; try again")
                self._changed.wait(left)
            self._begin()  # now and then: is there a quicker form?
            return self._refiner

    def refine(self, *arguments: Any, **more: Any) -> NDArray[np.bool_]:
        """As Refiner.refine, in turn. Raises NotReadyError."""
        refiner = self.get()
        return self._thread.run(lambda: refiner.refine(*arguments, **more), urgent=True)

    def stop(self) -> None:
        self._thread.stop()

    def _begin(self) -> None:
        """Has it opened, or its form looked at, unless that goes on or was just done."""
        if self._opening or time.monotonic() < self._again_at:
            return
        self._opening = True
        threading.Thread(target=self._run, name="click-network", daemon=True).start()

    def _run(self) -> None:
        refiner, form, problem = self._refiner, self._opened, ""
        try:
            form = self._form()
            if refiner is None or form != self._opened:
                refiner = self._open()
        except (HemlineError, StoreUnavailable) as error:
            problem = str(error)
            log.warning("the network for clicks cannot be opened", problem=problem)
        except Exception as error:
            problem = f"the network for clicks cannot be opened ({error!r:.200}); see the log"
            log.exception("the network for clicks cannot be opened")
        with self._changed:
            self._refiner, self._problem, self._opening = refiner, problem, False
            self._opened = self._opened if problem else form
            self._again_at = time.monotonic() + _RETRY_S
            self._changed.notify_all()
