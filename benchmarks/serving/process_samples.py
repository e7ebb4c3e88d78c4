"""Memory and open files of Hemline's processes over time, and whether they grow."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
import psutil

MIB = 2**20
_HOUR_S = 3600.0
_SETTLED_AFTER = 0.25  # of the time: until then caches fill, which is no growth
_FEWEST = 8  # samples, of which a line can be drawn


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """What a part's processes held at a time: seconds, bytes of resident memory, open files."""

    at: float
    resident: int
    files: int
    processes: int


class ProcessSampler:
    """Looks at the descendants of this process every so many seconds, while the block lasts.

    parts: a part's name, and what the command line of its first process has in it. The descendants
    of that process belong to it, unless they are another part's.
    """

    def __init__(self, parts: Mapping[str, str], every_s: float) -> None:
        self.samples: dict[str, list[ProcessSample]] = {name: [] for name in parts}
        self._parts = parts
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _look_again_and_again(self) -> None:
        while not self._ended.is_set():
            self._look()
            self._ended.wait(self._every_s)

    def _look(self) -> None:
        found: dict[str, list[tuple[int, int]]] = {}
        self._gather(psutil.Process(), None, found)
        now = time.monotonic()
        for name, held in found.items():
            resident, files = (sum(values) for values in zip(*held, strict=True))
            self.samples[name].append(ProcessSample(now, resident, files, len(held)))

    def _gather(
        self, process: psutil.Process, part: str | None, found: dict[str, list[tuple[int, int]]]
    ) -> None:
        for child in _children(process):
            try:
                command = " ".join(child.cmdline())
                own = next((name for name, sign in self._parts.items() if sign in command), part)
                if own is not None:
                    held = (child.memory_info().rss, child.num_fds())
                    found.setdefault(own, []).append(held)
            except psutil.Error:  # it has just ended
                continue
            self._gather(child, own, found)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []


def growth_rows(samples: Mapping[str, Sequence[ProcessSample]]) -> list[str]:
    """A row of a Markdown table for each part: what it held once it had settled and at the end,
    and the slope of a straight line through the samples between, an hour."""
    rows = []
    for name, of_part in samples.items():
        settled = _settled(of_part)
        if len(settled) < _FEWEST:
            rows.append(f"| {name} | {len(of_part)} samples are too few | | | | | | |")
            continue
        memory = [sample.resident / MIB for sample in settled]
        files = [sample.files for sample in settled]
        rows.append(
            f"| {name} | {settled[-1].processes} | {memory[0]:,.0f} | {memory[-1]:,.0f} | "
            f"{slope(settled, memory):+,.1f} | {files[0]} | {files[-1]} | "
            f"{slope(settled, files):+,.1f} |"
        )
    return rows


def slope(samples: Sequence[ProcessSample], values: Sequence[float]) -> float:
    """Units an hour by which the values grow, by least squares over the samples' times."""
    hours = np.array([sample.at for sample in samples]) / _HOUR_S
    return round(float(np.polyfit(hours - hours[0], values, 1)[0]), 1) + 0.0  # and no -0.0


def _settled(samples: Sequence[ProcessSample]) -> list[ProcessSample]:
    if not samples:
        return []
    begin = samples[0].at + _SETTLED_AFTER * (samples[-1].at - samples[0].at)
    return [sample for sample in samples if sample.at >= begin]
