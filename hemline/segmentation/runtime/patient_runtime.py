"""A runtime that lets others go first."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hemline.segmentation.runtime.runtime import Runtime, Seen


class PatientRuntime:
    """See runtime.Runtime. Calls `wait` each time before the network runs."""

    def __init__(self, runtime: Runtime, wait: Callable[[], object]) -> None:
        self._runtime = runtime
        self._wait = wait

    @property
    def name(self) -> str:
        return self._runtime.name

    def run(self, network: str, photos: NDArray[np.uint8]) -> Seen:
        self._wait()
        return self._runtime.run(network, photos)
