"""Deliveries one after another, in few transactions: what ends one and begins the next is one.

So a delivery of one annotation costs one transaction. Each is still begun, and its attempt counted,
before anything of it is decoded: one that kills its process costs itself alone.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hemline.errors import (
    HemlineError,
    LabelStudioUnavailable,
    StoreUnavailable,
)
from hemline.labelstudio.messages import SUBMISSIONS
from hemline.store.loop.attempts import begin_attempt, end_attempt
from hemline.store.loop.deliveries import (
    begin_delivery,
    fail_delivery,
    finish_delivery,
    postpone_delivery,
)
from hemline.store.loop.garments import keep_garments
from hemline.store.tables.loop import WebhookDelivery
from worker.ingest.actions import UsualDelivery, handle_delivery
from worker.ingest.confirm import ComesTooEarly
from worker.ingest.record_annotation import SavedAnnotation, read_annotation, store_annotation
from worker.services import Services

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
_PAUSES_S = (0.5, 2.0)  # for a store that is away for a moment, before it is tried again

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Begun:
    """A delivery that this process has begun; `saved`: the annotation of a usual one."""

    saved: SavedAnnotation | None = None
    has_new_task: bool = False
    times_begun: int = 0


@dataclass(frozen=True, slots=True)
class _Ending:
    """What is stored of a delivery when it is over: what it brought, or what went wrong."""

    delivery: WebhookDelivery
    write: Callable[[Any], object]  # within a transaction, and again in another where that fails
    saved: SavedAnnotation | None = None
    is_done: bool = False


class InTurn:
    """Works on deliveries. `close` stores what the last of them has left."""

    def __init__(self, services: Services) -> None:
        self.changed: set[int] = set()  # Label Studio's projects that a delivery is done of
        self.has_saved = False  # whether annotations were among them
        self._services = services
        self._ending: _Ending | None = None

    def work_on(self, delivery: WebhookDelivery) -> None:
        """Raises StoreUnavailable, and nothing else: what is wrong with a delivery is its own."""
        begun = self._begin(delivery)
        if begun is None:
            return
        saved = begun.saved
        try:
            if saved is None:
                handle_delivery(self._services, delivery)
                self._ending = _Ending(delivery, lambda session: None, is_done=True)
                return
            if begun.has_new_task:
                keep_garments(self._services.store, saved.project.id, saved.task.id)
            read = read_annotation(self._services, saved, begun.times_begun)
        except Exception as error:
            self._ending = _in_vain(delivery, error, saved)
            return
        self._ending = _Ending(
            delivery,
            lambda session: store_annotation(session, self._services, saved, read),
            saved,
            is_done=True,
        )

    def close(self) -> None:
        """Stores how the last delivery ended."""
        self._write(None)

    def _begin(self, delivery: WebhookDelivery) -> _Begun | None:
        """None if another worker has it, or there is something wrong with it already."""
        usual = UsualDelivery.of(self._services, delivery)

        def begin(session: Any) -> _Begun | None:
            if not begin_delivery(session, delivery):
                return None
            opened = usual.open(session) if usual is not None else None
            if opened is None:
                return _Begun()
            saved, has_new_task = opened
            if delivery.attempts == 1:  # with this one
                return _Begun(replace(saved, is_counted=False), has_new_task, 1)
            died = delivery.attempts - 1
            return _Begun(saved, has_new_task, begin_attempt(session, saved.work, known=died))

        try:
            return self._write(begin)
        except StoreUnavailable:
            raise
        except Exception as error:
            with self._services.store.session() as session:
                is_ours = begin_delivery(session, delivery)
            if is_ours:
                self._ending = _in_vain(delivery, error, None)
            return None

    def _write(self, begin: Callable[[Any], T] | None) -> T | None:
        """Ends the delivery before and begins the next one.

        What was read is not given up because another process writes: an attempt that was not ended
        counts as a death.
        """
        ending = self._ending
        for pause_s in _PAUSES_S:
            try:
                return self._write_once(begin)
            except StoreUnavailable as error:
                log.info("deliveries wait: %s", error)
                time.sleep(pause_s)
                self._ending = ending
        return self._write_once(begin)

    def _write_once(self, begin: Callable[[Any], T] | None) -> T | None:
        """In one transaction, or each in one of its own where that fails, so that either is stored
        for itself. Doing it twice is the same as doing it once."""
        ending, self._ending = self._ending, None
        if ending is not None and begin is not None:
            try:
                with self._services.store.session() as session:
                    self._end(session, ending)
                    begun = begin(session)
            except StoreUnavailable:
                raise
            except Exception:
                log.info("delivery %d is stored on its own", ending.delivery.id, exc_info=True)
            else:
                self._note(ending)
                return begun
        if ending is not None:
            self._end_alone(ending)
        if begin is None:
            return None
        with self._services.store.session() as session:
            return begin(session)

    def _end_alone(self, ending: _Ending) -> None:
        try:
            with self._services.store.session() as session:
                self._end(session, ending)
        except StoreUnavailable:
            raise
        except Exception as error:
            if not ending.is_done:
                raise
            with self._services.store.session() as session:
                _in_vain(ending.delivery, error, ending.saved).write(session)
        else:
            self._note(ending)

    def _end(self, session: Any, ending: _Ending) -> None:
        ending.write(session)
        if ending.is_done:
            finish_delivery(session, ending.delivery.id)

    def _note(self, ending: _Ending) -> None:
        if not ending.is_done:
            return
        if ending.delivery.ls_project_id is not None:
            self.changed.add(ending.delivery.ls_project_id)
        self.has_saved |= ending.delivery.action in SUBMISSIONS


def _in_vain(delivery: WebhookDelivery, error: Exception, saved: SavedAnnotation | None) -> _Ending:
    """What went wrong is kept with the delivery, which is tried again unless that is in vain. The
    process lives, so the attempt at the annotation ends."""
    problem, is_final = _problem(delivery, error)

    def write(session: Any) -> None:
        if saved is not None and saved.is_counted:
            end_attempt(session, saved.work)
        if isinstance(error, LabelStudioUnavailable | StoreUnavailable):
            postpone_delivery(session, delivery.id, str(error))
        elif problem:
            fail_delivery(session, delivery.id, problem, is_final)
        else:
            finish_delivery(session, delivery.id)

    return _Ending(delivery, write, saved)


def _problem(delivery: WebhookDelivery, error: Exception) -> tuple[str, bool]:
    """In words, and whether it is tried in vain; no words if it does not matter any more."""
    is_last = delivery.attempts >= MAX_ATTEMPTS
    if isinstance(error, LabelStudioUnavailable | StoreUnavailable):
        return str(error), False
    if isinstance(error, ComesTooEarly):
        problem, is_final = "" if is_last else str(error), False
    elif isinstance(error, HemlineError):
        problem, is_final = str(error), True
    elif isinstance(error, KeyError | TypeError | ValueError):
        log.error("delivery %d is not what Label Studio sends", delivery.id, exc_info=error)
        problem, is_final = f"the payload is not what Label Studio sends ({error!r})", True
    else:
        log.error("delivery %d failed", delivery.id, exc_info=error)
        problem, is_final = f"{type(error).__name__}: {error}", is_last
    if problem:
        log.warning("delivery %d (%s): %s", delivery.id, delivery.action, problem)
    return problem, is_final
