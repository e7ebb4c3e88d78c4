"""What one check found, and how to put it right."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line. `way_out` is empty unless it is a warning or a fault."""

    check: str
    mark: Mark
    found: str
    way_out: str = ""

    def __str__(self) -> str:
        return f"{self.found}; {self.way_out}" if self.way_out else self.found


def healthy(check: str, found: str) -> Diagnosis:
    return Diagnosis(check, Mark.OK, found)


def warning(check: str, found: str, way_out: str) -> Diagnosis:
    return Diagnosis(check, Mark.WARNING, found, way_out)


def fault(check: str, found: str, way_out: str) -> Diagnosis:
    return Diagnosis(check, Mark.FAULT, found, way_out)


def skipped(check: str, why: str) -> Diagnosis:
    return Diagnosis(check, Mark.SKIPPED, why)


def of_sentence(check: str, sentence: str, way_out: str, mark: Mark = Mark.FAULT) -> Diagnosis:
    """What a sentence of ours says; `way_out` is for one that names none after a semicolon."""
    found, _, own_way_out = sentence.rpartition("; ")
    if found:
        return Diagnosis(check, mark, found, own_way_out)
    return Diagnosis(check, mark, sentence, way_out)
