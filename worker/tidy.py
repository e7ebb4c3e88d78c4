"""Removes what nothing needs: files of writers that were killed, and old attempts to log in."""

import logging
from datetime import timedelta

from hemline.store.log_in_limits import tidy_log_ins
from worker.services import Services

log = logging.getLogger(__name__)

_LEFT_BEHIND = timedelta(days=1)  # no artifact takes so long to write


def tidy(services: Services) -> None:
    """One look at the artifacts and at the log-ins."""
    removed = services.artifacts.remove_leftovers(_LEFT_BEHIND)
    if removed:
        log.info("removed %d files that killed processes had left among the artifacts", removed)
    with services.store.session() as session:
        tidy_log_ins(session)
