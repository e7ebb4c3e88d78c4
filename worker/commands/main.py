"""The worker's commands: `hemline worker`, `hemline beat`, and those that steer what it does."""

from typing import Annotated

import typer

from hemline.errors import HemlineError
from hemline.system.queue import QUEUES
from worker.commands.doctor import doctor
from worker.commands.garments import garments
from worker.commands.inspect import deliveries, problems, status
from worker.commands.models import models, promote, retrain, rollback
from worker.commands.prune import prune
from worker.commands.review import blank, statistics, triage
from worker.commands.second_looks import send_back, twin
from worker.commands.shadow import shadow
from worker.commands.verify import verify

app = typer.Typer()
for command in (
    doctor,
    models,
    promote,
    rollback,
    retrain,
    shadow,
    status,
    problems,
    deliveries,
    statistics,
    triage,
    blank,
    send_back,
    twin,
    garments,
    verify,
    prune,
):
    app.command()(command)


@app.command()
def worker(
    queues: Annotated[
        str,
        typer.Option(help=f"Comma-separated queues for this host to work on: {', '.join(QUEUES)}."),
    ] = ",".join(QUEUES),
    beat: Annotated[
        bool | None,
        typer.Option(
            help="Run the schedule on this host. Default: only if it works on all queues."
        ),
    ] = None,
) -> None:
    """Work on corrections, predictions and trainings until Ctrl-C.

    Without REDIS_URL it also starts its own Redis.
    """
    from hemline.segmentation.recipe.recipe import load_recipe
    from hemline.settings import get_settings
    from worker.host.processes import run_worker

    chosen = [name.strip() for name in queues.split(",") if name.strip()]
    unknown = [name for name in chosen if name not in QUEUES]
    if unknown or not chosen:
        raise HemlineError(f"unknown queue '{', '.join(unknown)}'; choose from {', '.join(QUEUES)}")
    settings = get_settings()
    load_recipe(settings.recipe)  # a misspelt one is told of now, not by the first training
    with_beat = set(chosen) == set(QUEUES) if beat is None else beat
    run_worker(settings, chosen, beat=with_beat)


@app.command()
def beat() -> None:
    """Run only the schedule, if `hemline worker --no-beat` does the work."""
    from hemline.settings import get_settings
    from worker.host.processes import run_worker

    run_worker(get_settings(), [], beat=True)
