"""A training's figures for TensorBoard, which is an extra: `pip install hemline[tensorboard]`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hemline.errors import ModelError
from hemline.segmentation.training.trainer import EpochReport


@contextmanager
def open_log(folder: Path | None) -> Iterator[Callable[[EpochReport], None]]:
    """Gives what writes an epoch's figures to `folder`, or nowhere where there is none.

    Raises:
        ModelError: TensorBoard is not installed.
    """
    if folder is None:
        yield lambda report: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ModelError(
            "TensorBoard is not installed; install hemline[tensorboard] or leave --tensorboard out"
        ) from error
    writer = SummaryWriter(str(folder))

    def write(report: EpochReport) -> None:
        for name, value in _scalars(report).items():
            writer.add_scalar(name, value, report.epoch)
        writer.flush()

    try:
        yield write
    finally:
        writer.close()


def _scalars(report: EpochReport) -> dict[str, float]:
    figures: dict[str, float | None] = {
        "training/loss": report.loss,
        "training/rate": report.rate,
        "validation/dice": report.dice,
        "validation/score": report.score,
        "validation/threshold": report.threshold if report.dice is not None else None,
    }
    figures |= {f"iou/{label}": value for label, value in report.labels.items()}
    return {name: value for name, value in figures.items() if value is not None}
