"""What a person sees of a training, and how Ctrl-C stops it where it can be gone on with."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hemline.segmentation.training.trainer import EpochReport, Watch


class TrainProgress:
    """Bars while photos are decoded and within each epoch, a line an epoch, and Ctrl-C.

    The first Ctrl-C lets the batch end, so that the checkpoint is whole; the second, or one before
    the first batch, is at once. `begun` says that there is a checkpoint to go on from already.
    """

    def __init__(
        self, out: Console, err: Console, *, begun: bool, log: Callable[[EpochReport], None]
    ) -> None:
        self._out, self._err, self._begun, self._log = out, err, begun, log
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
        )
        self._bar = self._bars.add_task("opening the data", total=None)
        self._training = False
        self._stopping = False
        self._before: Any = None
        self._epoch = 0
        self.watch = Watch(
            network=self._out.print,
            photo=lambda: self._bars.advance(self._bar),
            batch=self._on_batch,
            epoch=self._on_epoch,
            stop=lambda: self._stopping,
        )

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._on_interrupt)
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
        signal.signal(signal.SIGINT, self._before)
        if isinstance(error, KeyboardInterrupt) and (self._training or self._begun):
            self._err.print("stopped; run the same command with --resume to continue from here")

    def decoding(self, photos: int) -> None:
        """The data is open, and so many photos of it are decoded next."""
        self._bars.update(self._bar, description="decoding photos", total=photos)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._stopping or not self._training:
            raise KeyboardInterrupt
        self._stopping = True
        self._err.print("stopping after this batch; Ctrl-C again stops at once")

    def _on_batch(self, done: int, total: int) -> None:
        self._training = True
        name = f"epoch {self._epoch + 1}" if self._epoch else "training"
        self._bars.update(self._bar, description=name, completed=done, total=total)

    def _on_epoch(self, report: EpochReport) -> None:
        self._epoch = report.epoch
        self._out.print(_line(report))
        self._log(report)


def _line(report: EpochReport) -> str:
    parts = [f"epoch {report.epoch}/{report.epochs}", f"loss {report.loss:.4f}"]
    if report.dice is not None:
        parts.append(f"Dice {report.dice:.4f} at {report.threshold:.2f}")
    if report.labels and report.score is not None:
        worst = min(
            ((value, name) for name, value in report.labels.items() if value is not None),
            default=None,
        )
        parts.append(f"mean IoU {report.score:.4f}")
        parts += [f"lowest {worst[1]} {worst[0]:.4f}"] if worst else []
    return "   ".join([*parts, f"{report.seconds:.0f} s"])
