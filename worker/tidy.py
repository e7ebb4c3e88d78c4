"""Removes what nothing refers to: files of writers that were killed in the middle."""

import logging
from datetime import timedelta

from worker.services import Services

log = logging.getLogger(__name__)

_LEFT_BEHIND = timedelta(days=1)  # no artifact takes so long to write


def tidy(services: Services) -> None:
    """One look at the artifacts."""
    removed = services.artifacts.remove_leftovers(_LEFT_BEHIND)
    if removed:
        log.info("removed %d files that killed processes had left among the artifacts", removed)
