"""Random kills and pauses of everything while corrections arrive, and what must hold afterwards.

    python -m benchmarks.store.chaos [--kills 50] [--seed N] [--database sqlite postgresql]

Prints a line for each kill and a summary for each database. Exits with 1 if an invariant is broken:
each correction is stored once and as it was saved last, each training and job ends by itself, no
process and no temporary file is left, and every artifact is whole.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import psutil
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.results_page import add_page_options, write_part
from benchmarks.store.chaos_stage import Postgres, Stage, wait_until
from hemline.errors import StoreUnavailable
from hemline.store.loop.annotations import find_annotation
from hemline.store.loop.deliveries import count_by_state
from hemline.store.loop.jobs import list_jobs
from hemline.store.models.runs import list_runs
from hemline.store.states import DeliveryState, JobState, RunState
from hemline.store.tables.loop import Annotation
from worker.ingest.submitted import parse_time
from worker.tidy import tidy
from worker.verify import find_damage

_SETTLES_WITHIN_S = 900.0
_GROWN_UP = 8  # processes of a worker's host, which is not struck again before it has so many
_GROWS_WITHIN_S = 60.0
_ENDED = {RunState.SUCCEEDED, RunState.FAILED, RunState.SUPERSEDED}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    add_page_options(parser)
    options = parser.parse_args()
    rows, broken = [], 0
    for database in options.database:
        print(f"{database}: {options.kills} kills, seed {options.seed}", flush=True)
        figures, faults = chaos(database, options.kills, options.seed)
        for fault in faults:
            print(f"BROKEN: {fault}", flush=True)
        print(f"{database}: {figures}, {len(faults)} invariants broken", flush=True)
        rows.append(
            f"- {database}, seed {options.seed}: {figures}, {len(faults)} invariants broken"
        )
        broken += len(faults)
    if options.out is not None:
        write_part(options.out, "chaos", _part(options.kills, rows))
    sys.exit(1 if broken else 0)


def chaos(database: str, kills: int, seed: int) -> tuple[str, list[str]]:
    """Figures of one database, and the invariants that were broken."""
    folder = Path(tempfile.mkdtemp(prefix="hemline-chaos-"))
    server_folder = Path(tempfile.mkdtemp(prefix="hemline-postgresql-"))
    server = Postgres(server_folder) if database == "postgresql" else None
    started = time.monotonic()
    try:
        with Stage(folder, server.url if server else "") as stage:
            random = Random(seed)
            faults: list[str] = []
            with stage.annotators(Random(seed + 1)):
                for number in range(1, kills + 1):
                    time.sleep(random.uniform(0.5, 3.0))
                    faults += _strike(stage, server, random, number)
            faults += _after(stage)
            corrections = len(stage.fake.annotations)
            with stage.services.store.reading() as session:
                runs = len(list_runs(session))
        took = time.monotonic() - started
        text = f"{kills} kills in {took:.0f} s, {corrections} corrections, {runs} trainings"
        return text, faults
    finally:
        if server is not None:
            server.crash()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(server_folder, ignore_errors=True)


def _strike(stage: Stage, server: Postgres | None, random: Random, number: int) -> list[str]:
    """Kills or pauses one thing, and starts again what nobody else would."""
    names = ["worker", "worker", "training", "host", "backend", "redis"]
    name = random.choice([*names, "database"] if server is not None else names)
    pause_s = random.uniform(1.0, 5.0) if random.random() < 0.3 else 0.0
    if name == "training" and not stage.host.trainings():
        name = "worker"
    wait_until(lambda: len(stage.host.processes()) >= _GROWN_UP, _GROWS_WITHIN_S)
    faults: list[str] = []
    if name == "database" and server is not None:
        how = f"killed, away for {_seconds(pause_s)}"
        server.crash()
        time.sleep(pause_s)
        server.start()
    elif name == "host":
        how = "killed"
        stage.host.kill()
        if not wait_until(lambda: not stage.host.left_behind(), 30):
            faults.append(f"kill {number} of the host left processes behind")
        stage.start_host()
    else:
        how = _strike_process(stage, name, random, pause_s)
    print(f"{number:4}  {name:9} {how}", flush=True)
    return faults


def _strike_process(stage: Stage, name: str, random: Random, pause_s: float) -> str:
    processes = stage.victims(name)
    if not processes:
        return "had ended"
    victim = random.choice(processes)
    with suppress(psutil.NoSuchProcess):
        if pause_s:
            victim.send_signal(signal.SIGSTOP)
            time.sleep(pause_s)
            victim.send_signal(signal.SIGCONT)
            return f"paused for {_seconds(pause_s)}"
        if name == "backend":
            stage.backend.kill()
            stage.start_backend()
        else:
            victim.kill()
        if name == "redis":
            wait_until(lambda: not stage.redis.is_running(), 10)
            time.sleep(random.uniform(0, 3))
            stage.redis.start()
    return "killed"


def _after(stage: Stage) -> list[str]:
    """What does not hold once everything has had time to settle, and was stopped."""
    faults = []
    if not wait_until(lambda: _is_settled(stage), _SETTLES_WITHIN_S):
        faults.append(f"it has not settled within {_SETTLES_WITHIN_S:.0f} s: {_state(stage)}")
    if stage.host.stop() != 0:
        faults.append("the worker did not end well")
    backend = stage.backend.processes()
    stage.backend.stop()
    left = [process for host in stage.hosts for process in host.left_behind()]
    left += [process for process in backend if process.is_running()]
    faults += [f"process {process.pid} was left behind" for process in left]
    return faults + _wrong_corrections(stage) + _wrong_files(stage)


def _is_settled(stage: Stage) -> bool:
    try:
        return not _state(stage) and not _wrong_corrections(stage)
    except (StoreUnavailable, SQLAlchemyError):
        return False


def _state(stage: Stage) -> str:
    """What is not over, in words; empty if all is."""
    with stage.services.store.reading() as session:
        waiting = count_by_state(session)[DeliveryState.NEW]
        runs = sum(run.state not in _ENDED for run in list_runs(session))
        ended = {JobState.DONE, JobState.FAILED}
        jobs = sum(job.state not in ended for job in list_jobs(session))
    if not (waiting or runs or jobs):
        return ""
    return f"{waiting} deliveries, {runs} trainings and {jobs} jobs go on"


def _wrong_corrections(stage: Stage) -> list[str]:
    faults = []
    with stage.services.store.reading() as session:
        stored = session.scalar(select(func.count()).select_from(Annotation))
        for number, saved in stage.fake.annotations.items():
            row = find_annotation(session, 1, number)
            if row is None or row.mask_digest is None:
                faults.append(f"correction {number} is lost")
            elif row.ls_updated_at != parse_time(saved["updated_at"]):
                faults.append(f"correction {number} is not as it was saved last")
        if stored != len(stage.fake.annotations):
            faults.append(f"{stored} corrections are stored of {len(stage.fake.annotations)}")
        faults += [
            f"training {run.id} failed: {run.problem}"
            for run in list_runs(session)
            if run.state is RunState.FAILED
        ]
        if failed := count_by_state(session)[DeliveryState.FAILED]:
            faults.append(f"{failed} deliveries failed")
    return faults


def _wrong_files(stage: Stage) -> list[str]:
    tidy(stage.services)
    stage.services.artifacts.remove_leftovers(timedelta(0))  # what a day later goes by itself
    faults = [
        f"artifact {found.digest[:12]}: {found.problem}" for found in find_damage(stage.services)
    ]
    folder = stage.home / "artifacts"
    faults += [f"{path} was left" for path in folder.rglob(".*") if path.is_file()]
    return faults + [f"{path} was left" for path in (stage.home / "runs").glob("*/work")]


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"


def _part(kills: int, rows: list[str]) -> str:
    return "\n".join(
        [
            "## Kills and pauses at random",
            "",
            f"`make chaos N={kills}` kills or pauses worker, training, host, backend, Redis and "
            "PostgreSQL at random while corrections arrive, and then checks that each correction "
            "is stored once and as it was saved last, that each training and job ended by itself, "
            "and that no process, no temporary file and no damaged artifact is left.",
            "",
            *rows,
        ]
    )


if __name__ == "__main__":
    main()
