"""This machine's clock against the database's and Label Studio's."""

from collections.abc import Iterator

from hemline.labelstudio.probe import probe
from hemline.settings import Settings
from hemline.store.database.clock import database_now
from hemline.store.database.columns import utcnow
from worker.doctor.database import opened
from worker.doctor.diagnosis import Diagnosis, fault, healthy, skipped, warning
from worker.doctor.label_studio import PATH

NAME = "clock"
WAY_OUT = "run a time service such as chrony or systemd-timesyncd on both machines"

_WARNING_FROM_S = 30.0
_FAULT_FROM_S = 300.0
_TIMEOUT_S = 2.0


def check_clock(
    settings: Settings, *, has_database: bool, has_label_studio: bool
) -> Iterator[Diagnosis]:
    """A line for each clock that can be asked. SQLite's is this machine's own."""
    ahead: dict[str, float] = {}
    if has_database and (seconds := _database_ahead_s(settings)) is not None:
        ahead["the database"] = seconds
    if has_label_studio:
        answer = probe(settings.label_studio_url, PATH, timeout_s=_TIMEOUT_S)
        if answer.ahead_s is not None:
            ahead["Label Studio"] = answer.ahead_s
    if not ahead:
        yield skipped(NAME, "there is no other clock to compare with")
    for whose, seconds in ahead.items():
        yield _compared(whose, seconds)


def _compared(whose: str, ahead_s: float) -> Diagnosis:
    apart = abs(ahead_s)
    direction = "ahead of" if ahead_s > 0 else "behind"
    found = f"{whose} is {apart:,.0f} s {direction} this machine"
    if apart >= _FAULT_FROM_S:
        return fault(NAME, found, WAY_OUT)
    if apart >= _WARNING_FROM_S:
        return warning(NAME, found, WAY_OUT)
    return healthy(NAME, f"{whose} has the same time")


def _database_ahead_s(settings: Settings) -> float | None:
    with opened(settings) as store:
        if store.is_file:
            return None
        with store.reading() as session:
            began = utcnow()
            theirs = database_now(session)
            return (theirs - began - (utcnow() - began) / 2).total_seconds()
