"""The networks in memory: the few used last, by the digest of their weights."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.monitoring.metrics import Metrics
from backend.serving.model_thread import ModelThread
from hemline.store.tables.loop import ModelVersion


class CachedNetwork(Protocol):
    """What is used of hemline.segmentation.predictor.Predictor."""

    labels: tuple[str, ...]

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Any]: ...

    def least_size(self, height: int, width: int) -> tuple[int, int]: ...

    def examine(
        self,
        image: NDArray[np.uint8],
        *,
        size: tuple[int, int] | None = None,
        sure_from: float | None = None,
    ) -> Any: ...


class Predictors:
    """Loads the networks of model versions and keeps the `keep` used last.

    Versions with the same weights, such as the starter of several projects, share a network.
    """

    def __init__(self, load: Callable[[ModelVersion], CachedNetwork], *, keep: int = 4) -> None:
        self._load = load
        self._keep = keep
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = {}
        self._loaded: OrderedDict[str, CachedNetwork] = OrderedDict()

    def get(self, version: ModelVersion) -> CachedNetwork:
        """The network of a version, loaded once even if several ask.

        Raises:
            HemlineError: its weights are missing or broken.
        """
        digest = version.weights_digest
        with self._lock:
            gate = self._loading.setdefault(digest, threading.Lock())
        with gate:
            with self._lock:
                found = self._loaded.get(digest)
                if found is not None:
                    self._loaded.move_to_end(digest)
                    return found
            network = self._load(version)
            with self._lock:
                self._loaded[digest] = network
                while len(self._loaded) > self._keep:
                    dropped, _ = self._loaded.popitem(last=False)
                    self._loading.pop(dropped, None)
            return network

    def load_aside(self, version: ModelVersion) -> CachedNetwork:
        """The network of a version as it loads now; the one in memory goes on being used.

        Raises:
            HemlineError: its weights are missing or broken.
        """
        return self._load(version)

    def replace(self, version: ModelVersion, network: CachedNetwork) -> None:
        """Puts a network in the place of the version's, if that is in memory."""
        with self._lock:
            if version.weights_digest in self._loaded:
                self._loaded[version.weights_digest] = network


class QueuedPredictor:
    """A version's network as requests use it: in turn, and loaded again if it was dropped."""

    def __init__(
        self,
        version: ModelVersion,
        labels: tuple[str, ...],
        predictors: Predictors,
        thread: ModelThread,
        metrics: Metrics,
        *,
        urgent: bool,
        sure_from: float | None,
    ) -> None:
        self.labels = labels
        self._version = version
        self._predictors = predictors
        self._thread = thread
        self._metrics = metrics
        self._urgent = urgent
        self._sure_from = sure_from

    def least_size(self, height: int, width: int) -> tuple[int, int]:
        """As Predictor.least_size."""
        return self._predictors.get(self._version).least_size(height, width)

    def examine(self, image: NDArray[np.uint8], *, size: tuple[int, int] | None = None) -> Any:
        """As Predictor.examine; waits for its turn."""
        network = self._predictors.get(self._version)

        def call() -> Any:
            with self._metrics.model_seconds.time():
                return network.examine(image, size=size, sure_from=self._sure_from)

        return self._thread.run(call, urgent=self._urgent)
