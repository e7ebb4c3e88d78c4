"""Removes what nothing needs: files of writers that were killed, what trainings worked with that
are over, old attempts to log in, and old marks of clicks."""

import logging
import shutil
from datetime import timedelta
from pathlib import Path

from hemline.settings import Settings
from hemline.store.log_in_limits import tidy_log_ins
from hemline.store.loop.tasks import forget_click_marks
from hemline.store.models.checkpoints import runs_with_needless_checkpoints
from hemline.store.models.runs import unfinished_runs
from worker.services import Services
from worker.training.shared_checkpoint import forget_checkpoints

log = logging.getLogger(__name__)

_LEFT_BEHIND = timedelta(days=1)  # no artifact takes so long to write


def tidy(services: Services) -> None:
    """One look at the artifacts, the trainings and the logins."""
    removed = services.artifacts.remove_leftovers(_LEFT_BEHIND)
    if removed:
        log.info("removed %d files that killed processes had left among the artifacts", removed)
    folders = work_folders(services.settings)  # before the runs: one may begin meanwhile
    with services.store.reading() as session:
        unfinished = unfinished_runs(session)
    for folder in folders:
        if int(folder.parent.name) not in unfinished:
            shutil.rmtree(folder, ignore_errors=True)
            log.info("removed %s: its training is over", folder)
    with services.store.reading() as session:
        over = runs_with_needless_checkpoints(session)
    for run_id in over:
        forget_checkpoints(services, run_id)
    with services.store.session() as session:
        tidy_log_ins(session)
        forget_click_marks(session)


def runs_folder(settings: Settings) -> Path:
    """Has a folder for each training of this host."""
    return settings.home_path / "runs"


def work_folders(settings: Settings) -> list[Path]:
    """What trainings of this host work with, or left behind: checkpoints and pixels."""
    runs = runs_folder(settings)
    return [folder for folder in runs.glob("*/work") if folder.parent.name.isdecimal()]
