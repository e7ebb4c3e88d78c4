"""The runtime of a version's weights: their networks are converted once, and kept as artifacts."""

import fcntl
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hemline.errors import ArtifactError, ModelError
from hemline.files import make_private_folder
from hemline.segmentation.clicks.click_runtime import ClickRuntime, OpenVinoClicks
from hemline.segmentation.clicks.shipped_clicks import clicks_digest, clicks_path
from hemline.segmentation.runtime.choice import choose_runtime
from hemline.segmentation.runtime.cost import Cost
from hemline.segmentation.runtime.int8_instructions import has_int8_instructions
from hemline.segmentation.runtime.openvino_library import converter_version
from hemline.segmentation.runtime.openvino_runtime import OpenVinoRuntime
from hemline.segmentation.runtime.runtime import Runtime
from hemline.segmentation.starter import starter_digest
from hemline.settings import Settings
from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.loop.attempts import begin_attempt, end_attempt
from hemline.store.models.conversions import best_conversion, find_conversion, record_conversion
from hemline.system.child_process import ChildProcess

log = logging.getLogger(__name__)

_CONVERTER = "hemline.segmentation.runtime.convert"
_CLICK_CONVERTER = "hemline.segmentation.clicks.convert_clicks"
_QUANTISER = "hemline.segmentation.runtime.quantise"
_CLICK_QUANTISER = "hemline.segmentation.clicks.quantise_clicks"
_LONGEST_S = 900.0  # of one conversion, on a machine that has much else to do
_LONGEST_INT8_S = 3600.0  # of making one int8, at the lowest priority
_INT8_TRIES = 3  # that were killed or took too long; the schedule would go on for ever


class Conversions:
    """Opens runtimes, and makes what they need. Safe with other processes on the same store: of one
    machine's, one converts at a time."""

    def __init__(self, store: Store, artifacts: ArtifactStore, settings: Settings) -> None:
        self._store = store
        self._artifacts = artifacts
        self._settings = settings

    def prepare(self, weights_digest: str) -> None:
        """Converts these weights unless that was done; takes seconds, so never in a request.

        Where they cannot be converted, PyTorch runs them.

        Raises:
            ArtifactError: the weights are gone or damaged.
            ModelError: HEMLINE_RUNTIME asks for OpenVINO, which cannot run, or not these weights.
        """
        self._prepare(
            weights_digest, lambda: self._artifacts.local_path(weights_digest), _CONVERTER
        )

    def prepare_clicks(self) -> None:
        """The same for the click network.

        Raises:
            ModelError: its file is missing or was changed; or HEMLINE_RUNTIME asks for OpenVINO,
                which cannot run, or not this network.
        """
        self._prepare(clicks_digest(), clicks_path, _CLICK_CONVERTER)

    def may_improve(self, weights_digest: str) -> bool:
        """Whether these weights are the starter's, converted, and int8 may serve and has not been
        tried."""
        is_due = self._int8_is_due(weights_digest) and starter_digest() == weights_digest
        return is_due and self.fp32_path(weights_digest) is not None

    def improve(self, weights_digest: str) -> None:
        """Makes the starter int8 unless that was tried, which takes minutes, at the lowest
        priority. Versions that a project trained are made int8 on its own photos, by its training.
        """
        if self.may_improve(weights_digest):
            self._quantise(
                weights_digest, lambda: self._artifacts.local_path(weights_digest), _QUANTISER
            )

    def may_improve_clicks(self) -> bool:
        """Whether int8 may serve the click network and has not been tried. False where there is
        none, which is said where it is opened."""
        with suppress(ModelError):
            digest = clicks_digest()
            return self._int8_is_due(digest) and not self._cannot_be_converted(digest)
        return False

    def improve_clicks(self) -> None:
        """Makes the click network int8 unless that was tried, as `improve` the starter.

        Raises:
            ModelError: its file is missing or was changed.
        """
        if self.may_improve_clicks():
            self.prepare_clicks()
            self._quantise(clicks_digest(), clicks_path, _CLICK_QUANTISER)

    def int8_may_serve(self) -> bool:
        """Whether OpenVINO runs the networks, and HEMLINE_INT8 allows int8 on this CPU."""
        wanted = self._settings.int8
        allowed = wanted == "on" or (wanted == "auto" and has_int8_instructions())
        return allowed and self._chosen() == "openvino"

    def keep_int8(self, weights_digest: str, network: Path, cost: Cost) -> None:
        """Keeps an int8 network for these weights if it costs little enough, else that it does
        not."""
        digest = (
            self._artifacts.put(network.read_bytes(), "int8 network") if cost.is_small else None
        )
        with self._store.session() as session:
            record_conversion(
                session,
                weights_digest,
                "int8",
                converter_version(),
                digest,
                problem="" if digest else str(cost),
            )
        log.info("the weights %s: %s", weights_digest[:12], cost)

    def form(self, weights_digest: str) -> str:
        """The digest of what `open` runs these weights on; empty for PyTorch. It changes when a
        quicker form is there."""
        if self._chosen() == "torch":
            return ""
        with self._store.reading() as session:
            found = (
                best_conversion(session, weights_digest, converter_version())
                if self.int8_may_serve()
                else find_conversion(session, weights_digest, "fp32", converter_version())
            )
        return found.digest or "" if found else ""

    def fp32_path(self, weights_digest: str) -> Path | None:
        """The file of these weights' converted networks; None if they are not converted."""
        with self._store.reading() as session:
            found = find_conversion(session, weights_digest, "fp32", converter_version())
        return None if found is None or found.digest is None else self._local_path(found.digest)

    def open(self, weights_digest: str) -> Runtime:
        """The runtime of these weights. Converts nothing: PyTorch runs what is not converted.

        Raises:
            ArtifactError: the weights are gone or damaged.
            ModelError: the model file is broken; or HEMLINE_RUNTIME asks for OpenVINO, which cannot
                run, or not these weights.
        """
        threads = self._settings.predict_threads
        weights = self._artifacts.local_path(weights_digest)
        if self._chosen() == "openvino":
            path = self._converted(weights_digest)
            if path is not None:
                return OpenVinoRuntime(path, threads=threads)
            if self._settings.runtime == "openvino":
                raise ModelError(
                    f"HEMLINE_RUNTIME=openvino, and the weights {weights_digest[:12]} are not "
                    "converted for it; see the log for why, or set HEMLINE_RUNTIME=auto"
                )
        from hemline.segmentation.runtime.torch_runtime import TorchRuntime  # torch: seconds

        return TorchRuntime(weights, device=self._settings.device, threads=threads)

    def open_clicks(self) -> ClickRuntime:
        """The runtime of the click network. Converts nothing: PyTorch runs it until then.

        Raises:
            ModelError: its file is missing or was changed; or HEMLINE_RUNTIME asks for OpenVINO,
                which cannot run.
        """
        threads = self._settings.predict_threads
        path = self._converted(clicks_digest()) if self._chosen() == "openvino" else None
        if path is not None:
            return OpenVinoClicks(path, threads=threads)
        from hemline.segmentation.clicks.torch_clicks import TorchClicks  # torch: seconds

        return TorchClicks(clicks_path(), device=self._settings.device, threads=threads)

    def _converted(self, weights_digest: str) -> Path | None:
        """The file of the quickest form of these weights that is whole; None: not converted."""
        digest = self.form(weights_digest)
        path = self._local_path(digest) if digest else None
        return path or self.fp32_path(weights_digest)

    def _prepare(self, weights_digest: str, weights: Callable[[], Path], converter: str) -> None:
        if self._chosen() == "torch" or self._is_settled(weights_digest):
            return
        with self._one_at_a_time():
            if self._is_settled(weights_digest):
                return
            try:
                self._convert(weights_digest, weights(), converter)
            except ModelError as error:
                if self._settings.runtime == "openvino":
                    raise
                log.warning("PyTorch runs the weights %s: %s", weights_digest[:12], error)

    def _chosen(self) -> str:
        return choose_runtime(self._settings.runtime, self._settings.device)

    def _is_settled(self, weights_digest: str) -> bool:
        """Whether they are converted and the file is whole, or it is known that they cannot be."""
        with self._store.reading() as session:
            found = find_conversion(session, weights_digest, "fp32", converter_version())
        return found is not None and (
            found.digest is None or self._local_path(found.digest) is not None
        )

    def _local_path(self, digest: str) -> Path | None:
        try:
            return self._artifacts.local_path(digest)
        except ArtifactError as error:
            log.warning("converted networks: %s", error)
            return None

    def _cannot_be_converted(self, weights_digest: str) -> bool:
        with self._store.reading() as session:
            found = find_conversion(session, weights_digest, "fp32", converter_version())
        return found is not None and found.digest is None

    def _int8_is_due(self, weights_digest: str) -> bool:
        if not self.int8_may_serve():
            return False
        with self._store.reading() as session:
            return find_conversion(session, weights_digest, "int8", converter_version()) is None

    def _quantise(self, weights_digest: str, weights: Callable[[], Path], quantiser: str) -> None:
        with (
            # By a lock of its own: a new champion is not to wait for it.
            self._one_at_a_time("int8.lock"),
            tempfile.TemporaryDirectory(prefix="hemline-converting-") as folder,
        ):
            converted = self.fp32_path(weights_digest)
            if converted is None or not self._int8_is_due(weights_digest):
                return
            out, note = Path(folder) / "int8.safetensors", Path(folder) / "int8.json"
            arguments = [str(weights()), str(converted), str(out)]
            problem = self._try_int8(weights_digest, quantiser, arguments, Path(folder) / "log")
            if not problem:
                self.keep_int8(weights_digest, out, Cost(**json.loads(note.read_text())))
                return
        with self._store.session() as session:
            record_conversion(
                session, weights_digest, "int8", converter_version(), None, problem=problem
            )
        log.warning("fp32 runs the weights %s: %s", weights_digest[:12], problem)

    def _try_int8(
        self, weights_digest: str, quantiser: str, arguments: list[str], log_path: Path
    ) -> str:
        """Why int8 cannot be made of these weights, or an empty text. Raises ModelError as
        `_run_child`, until that has happened too often."""
        work = f"int8 of {weights_digest}"
        with self._store.session() as session:
            number = begin_attempt(session, work)
        try:
            problem = _run_child(quantiser, arguments, log_path, longest_s=_LONGEST_INT8_S)
        except ModelError:
            if number < _INT8_TRIES:
                raise
            problem = f"it was killed or took too long all {number} times it was tried"
        with self._store.session() as session:
            end_attempt(session, work)
        return problem

    def _convert(self, weights_digest: str, weights: Path, converter: str) -> None:
        with tempfile.TemporaryDirectory(prefix="hemline-converting-") as folder:
            out = Path(folder) / "converted.safetensors"
            problem = _run_child(converter, [str(weights), str(out)], Path(folder) / "log")
            digest = None if problem else self._artifacts.put(out.read_bytes(), "converted network")
        with self._store.session() as session:
            record_conversion(
                session, weights_digest, "fp32", converter_version(), digest, problem=problem
            )
        if problem:
            log.warning("PyTorch runs the weights %s: %s", weights_digest[:12], problem)
        else:
            log.info("converted the weights %s for OpenVINO", weights_digest[:12])

    @contextmanager
    def _one_at_a_time(self, lock: str = "conversions.lock") -> Iterator[None]:
        folder = self._settings.home_path
        make_private_folder(folder)
        handle = os.open(folder / lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _run_child(
    module: str, arguments: list[str], log_path: Path, *, longest_s: float = _LONGEST_S
) -> str:
    """Converts in a child process, which loads PyTorch or NNCF so that this one need not.

    Returns why it cannot be done, or an empty text.

    Raises:
        ModelError: the child was killed or took too long, which says nothing of the weights.
    """
    child = ChildProcess(
        "conversion", [sys.executable, "-m", module, *arguments], log_path=log_path
    )
    child.start()
    try:
        status = child.wait(longest_s)
    finally:
        child.stop()
    if status == 0:
        return ""
    if status != 1:
        why = f"took over {longest_s:g} s" if status is None else f"ended with status {status}"
        raise ModelError(f"the conversion {why}; it is tried again at the next load")
    return child.log_tail(1) or "the conversion failed without a word"
