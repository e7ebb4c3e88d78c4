"""Work on one thing that may kill this process: after a few deaths the thing is passed over."""

from collections.abc import Iterator
from contextlib import contextmanager

from hemline.errors import HemlineError
from hemline.store.loop.attempts import begin_attempt, end_attempt
from worker.services import Services

MAX_DEATHS = 3


class KillsItsProcess(HemlineError):
    """The thing was worked on a few times, and each time the process died."""


@contextmanager
def counted(services: Services, work: str, *, way_out: str) -> Iterator[None]:
    """For a block of work that decodes what others made.

    A death is what comes back as begun and not ended; an exception ends the work.

    Args:
        work: what it is, the same each time.
        way_out: what a person can do about it, for the sentence.

    Raises:
        KillsItsProcess: it died `MAX_DEATHS` times, so that the block is not entered again.
    """
    with services.store.session() as session:
        times_begun = begin_attempt(session, work)
    check_deaths(times_begun, way_out=way_out)
    try:
        yield
    finally:
        with services.store.session() as session:
            end_attempt(session, work)


def check_deaths(times_begun: int, *, way_out: str) -> None:
    """Raises KillsItsProcess for work that was begun and not ended `MAX_DEATHS` times before."""
    if times_begun > MAX_DEATHS:
        raise KillsItsProcess(
            f"the worker's process died all {MAX_DEATHS} times it worked on this; {way_out}"
        )
