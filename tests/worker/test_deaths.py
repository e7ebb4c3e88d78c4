"""One thing that kills its process costs that thing alone: here processes are really killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.tasks import list_task_problems
from hemline.store.states import DeliveryState
from hemline.store.tables.loop import ModelVersion, Project
from tests.worker.conftest import brush
from tests.worker.discs import disc
from tests.worker.fake_label_studio import FakeLabelStudio
from worker.attempts import MAX_DEATHS
from worker.services import Services

KILLER = "a killer"

# A worker's process in which a decoder crashes on one region, as native code does.
CHILD = """
import os, signal, sys
import hemline.labelstudio.regions as regions
from worker.ingest import inbox, reconcile
from worker.services import get_services

decode = regions.region_to_mask
def crash(region, height, width):
    if region.get("id") == "a killer":
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(region, height, width)
regions.region_to_mask = crash

work = {"ingest": inbox.ingest_deliveries, "reconcile": reconcile.reconcile_all}[sys.argv[1]]
work(get_services())
"""


def child(work: str, script: str = CHILD) -> int:
    """The exit status of a process that does one piece of a worker's work."""
    return subprocess.run(
        [sys.executable, "-c", script, work],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        check=False,
        stderr=subprocess.DEVNULL,
    ).returncode


def lapse(services: Services) -> None:
    with services.store.session() as session:
        session.execute(text("UPDATE webhook_delivery SET worked_at = '2020-01-01 00:00:00'"))


def annotate_twenty(fake: FakeLabelStudio, *, bad: int) -> list[dict[str, Any]]:
    made = []
    for number in range(1, 21):
        regions = brush(disc(number)[1])
        if number == bad:
            regions[0]["id"] = KILLER
        made.append(fake.annotate(number, regions))
    return made


def masks_of(services: Services, made: list[dict[str, Any]]) -> list[bool]:
    with services.store.reading() as session:
        rows = [find_annotation(session, 1, saved["id"]) for saved in made]
    return [row is not None and row.mask_digest is not None for row in rows]


def problems(services: Services) -> list[str]:
    with services.store.reading() as session:
        return [str(task.problem) for task in list_task_problems(session)]


def test_a_delivery_that_kills_its_worker_costs_that_delivery_alone(
    services: Services, fake: FakeLabelStudio, deliver: Callable[[dict[str, Any]], None]
) -> None:
    made = annotate_twenty(fake, bad=3)
    for saved in made:
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    good = [saved["id"] != made[2]["id"] for saved in made]
    assert child("ingest") == -signal.SIGKILL
    assert masks_of(services, made).count(True) == 2
    lapse(services)
    assert child("ingest") == -signal.SIGKILL
    assert masks_of(services, made) == good  # all others are in before the bad one is tried again
    statuses = []
    for _ in range(MAX_DEATHS - 1):
        lapse(services)
        statuses.append(child("ingest"))
    assert statuses == [-signal.SIGKILL] * (MAX_DEATHS - 2) + [0]
    with services.store.reading() as session:
        assert count_by_state(session)[DeliveryState.NEW] == 0
    (problem,) = problems(services)
    assert f"annotation {made[2]['id']} is left out: the worker's process died all" in problem
    assert child("reconcile") == 0
    assert masks_of(services, made) == good


@pytest.mark.usefixtures("project")
def test_an_annotation_that_kills_reconcile_costs_that_annotation_alone(
    services: Services, fake: FakeLabelStudio
) -> None:
    made = annotate_twenty(fake, bad=3)
    statuses = [child("reconcile") for _ in range(MAX_DEATHS + 1)]
    assert statuses == [-signal.SIGKILL] * MAX_DEATHS + [0]
    assert masks_of(services, made) == [saved["id"] != made[2]["id"] for saved in made]
    assert "draw it again" in problems(services)[0]
    fixed = fake.update(made[2]["id"], result=brush(disc(3)[1]))
    assert child("reconcile") == 0
    assert masks_of(services, [fixed]) == [True]


@pytest.mark.slow
def test_a_photo_that_kills_the_prediction_costs_that_photo_alone(
    services: Services, fake: FakeLabelStudio, project: Project, champion: ModelVersion
) -> None:
    script = """
import os, signal, sys
import hemline.prefill.new_predictions as new_predictions
from worker.ingest import reconcile
from worker.pool import predict_pool
from worker.services import get_services

decode = new_predictions.decode_small
def crash(data, *, name, max_pixels, least):
    if name == "G01_Front.png":
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(data, name=name, max_pixels=max_pixels, least=least)
new_predictions.decode_small = crash
services = get_services()
reconcile.reconcile_all(services)
with services.store.session() as session:
    from sqlalchemy import text
    session.execute(text("UPDATE job SET lease_until = '2020-01-01 00:00:00'"))
predict_pool.predict_pool(services, 1)
"""
    statuses = [child("predict", script) for _ in range(MAX_DEATHS + 1)]
    assert statuses == [-signal.SIGKILL] * MAX_DEATHS + [0]
    assert sorted({row["task"] for row in fake.predictions}) == [1, 2, *range(4, 25)]
    assert "replace the photo" in problems(services)[0]


def test_an_outline_that_would_take_all_memory_is_refused(
    services: Services, fake: FakeLabelStudio, deliver: Callable[[dict[str, Any]], None]
) -> None:
    made = annotate_twenty(fake, bad=0)
    corners = [[0, 0], [100, 100]] * 100_000
    polygon = {
        **made[0]["result"][0],
        "type": "polygonlabels",
        "value": {"points": corners, "polygonlabels": ["garment"]},
    }
    fake.update(made[0]["id"], result=[polygon])
    for saved in made:
        deliver(fake.payload("ANNOTATION_CREATED", saved))
    assert child("ingest") == 0
    assert np.flatnonzero(~np.array(masks_of(services, made))).tolist() == [0]
    assert "redraw it with fewer points" in problems(services)[0]
