"""Work on many things by a few threads, with few of them in memory at once."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def side_by_side(
    things: Iterable[Thing],
    work: Callable[[Thing], Result],
    *,
    threads: int,
    ahead: int,
    tick_s: float,
) -> Generator[Result | None, None, None]:
    """What `work` makes of each thing, in the order in which it is done; it never makes None.

    Things are taken as they are needed, so that `threads + ahead` of them are worked on, wait for a
    thread or are done and not taken yet. None comes when nothing was done for `tick_s` seconds.
    What `work` raises is raised here. A caller that goes on no further closes the iterator, which
    returns when the threads have ended.
    """
    coming = iter(things)
    with ThreadPoolExecutor(threads, thread_name_prefix="pool") as executor:
        at_work: set[Future[Result]] = set()
        try:
            while True:
                room = threads + ahead - len(at_work)
                at_work |= {executor.submit(work, thing) for thing in islice(coming, room)}
                if not at_work:
                    return
                done, at_work = wait(at_work, timeout=tick_s, return_when=FIRST_COMPLETED)
                if not done:
                    yield None
                for future in done:
                    yield future.result()
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
