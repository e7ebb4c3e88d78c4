"""Runs one check within its time: whatever goes wrong in it becomes its line."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hemline.errors import HemlineError, StoreUnavailable
from hemline.quoting import writable
from hemline.redaction import redact
from worker.doctor.diagnosis import Diagnosis, Mark, fault, of_sentence, skipped

LIMIT_S = 6.0

Check = Callable[[], Iterable[Diagnosis]]


def look(
    name: str,
    check: Check,
    *,
    way_out: str,
    needs: Sequence[Diagnosis] = (),
    limit_s: float = LIMIT_S,
) -> list[Diagnosis]:
    """The lines of a check, without secrets.

    `way_out` is for errors that name none, and for a check that takes longer than `limit_s`: it is
    left behind in its thread. A check whose `needs` have a fault or were skipped is skipped.
    """
    if missing := next((each for each in needs if not is_usable([each])), None):
        return [skipped(name, f"because of '{missing.check}'")]
    # A thread that hangs must not keep this process from ending, as one of an executor would.
    answers: queue.Queue[list[Diagnosis]] = queue.Queue()
    threading.Thread(
        target=lambda: answers.put(_lines(name, check, way_out)), name=name, daemon=True
    ).start()
    try:
        return [_without_secrets(line) for line in answers.get(timeout=limit_s)]
    except queue.Empty:
        return [fault(name, f"no answer within {limit_s:g} s", way_out)]


def is_usable(lines: Iterable[Diagnosis]) -> bool:
    """Whether what these lines are about can be used by other checks."""
    return all(line.mark in (Mark.OK, Mark.WARNING) for line in lines)


def _lines(name: str, check: Check, way_out: str) -> list[Diagnosis]:
    lines: list[Diagnosis] = []
    try:
        lines.extend(check())  # which keeps those that come before an error
    except (HemlineError, StoreUnavailable) as error:
        lines.append(of_sentence(name, str(error), way_out))
    except Exception as error:  # a check must not end the others
        lines.append(fault(name, f"{type(error).__name__}: {error}", way_out))
    return lines


def _without_secrets(line: Diagnosis) -> Diagnosis:
    return replace(line, found=_one_line(line.found), way_out=_one_line(line.way_out))


def _one_line(text: str) -> str:
    return " ".join(writable(redact(text)).split())
