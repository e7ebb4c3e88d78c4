"""All checks in order, those that need others after them."""

from collections.abc import Iterator
from functools import partial

from hemline.errors import SettingsError
from hemline.settings import Settings, get_settings
from hemline.store.loop.projects import list_projects, not_known
from worker.doctor import (
    artifacts,
    backend,
    broker,
    chosen_settings,
    clock,
    connected_project,
    database,
    disk,
    home,
    label_studio,
    networks,
    workers,
)
from worker.doctor.diagnosis import Diagnosis, of_sentence, skipped, warning
from worker.doctor.look import LIMIT_S, is_usable, look

_LOADING_S = 30.0  # PyTorch or OpenVINO, from a cold disk
_READING_S = 15.0  # a champion's weights
_PROJECTS = "projects"


def examine(only: int | None = None) -> Iterator[Diagnosis]:
    """The lines as they come: of the machine, of what runs, and of each connected project.

    `only` is one project's id in Label Studio. Changes nothing.
    """
    try:
        settings = get_settings()
    except SettingsError as error:
        yield of_sentence(chosen_settings.NAME, str(error), chosen_settings.WAY_OUT)
        yield skipped("all other checks", "because of 'settings'")
        return
    yield from look(
        chosen_settings.NAME,
        lambda: chosen_settings.check_settings(settings),
        way_out=chosen_settings.WAY_OUT,
    )
    yield from _machine(settings)
    stored = look(
        database.NAME, lambda: database.check_database(settings), way_out=database.WAY_OUT
    )
    yield from stored
    yield from _processes(settings)
    studio = look(
        label_studio.NAME,
        lambda: label_studio.check_label_studio(settings),
        way_out=label_studio.WAY_OUT,
    )
    yield from studio
    token = look(
        label_studio.TOKEN,
        lambda: label_studio.check_token(settings),
        way_out=label_studio.TOKEN_WAY_OUT,
        needs=studio,
    )
    yield from token
    yield from look(
        clock.NAME,
        lambda: clock.check_clock(
            settings, has_database=is_usable(stored), has_label_studio=is_usable(studio)
        ),
        way_out=clock.WAY_OUT,
    )
    yield from _projects(settings, only, stored, token)


def _machine(settings: Settings) -> Iterator[Diagnosis]:
    yield from look(home.NAME, lambda: home.check_home(settings), way_out=home.WAY_OUT)
    yield from look(disk.NAME, lambda: disk.check_disk(settings), way_out=disk.WAY_OUT)
    yield from look(
        artifacts.NAME, lambda: artifacts.check_artifacts(settings), way_out=artifacts.WAY_OUT
    )
    yield from look(
        networks.RUNTIME,
        lambda: networks.check_runtime(settings),
        way_out=networks.RUNTIME_WAY_OUT,
        limit_s=_LOADING_S,
    )
    yield from look(
        networks.SHIPPED, networks.check_shipped_models, way_out=networks.SHIPPED_WAY_OUT
    )


def _processes(settings: Settings) -> Iterator[Diagnosis]:
    redis = look(broker.NAME, lambda: broker.check_broker(settings), way_out=broker.WAY_OUT)
    yield from redis
    yield from look(
        workers.NAME,
        lambda: workers.check_workers(settings),
        way_out=workers.WAY_OUT,
        needs=redis,
        limit_s=2 * LIMIT_S,
    )
    yield from look(backend.NAME, lambda: backend.check_backend(settings), way_out=backend.WAY_OUT)


def _projects(
    settings: Settings, only: int | None, stored: list[Diagnosis], token: list[Diagnosis]
) -> Iterator[Diagnosis]:
    chosen: list[int] = []

    def choose() -> Iterator[Diagnosis]:
        with database.opened(settings) as store, store.reading() as session:
            projects = {row.ls_project_id: row.problem for row in list_projects(session)}
        chosen.extend(projects if only is None else [only] if only in projects else [])
        for number in chosen:
            if problem := projects[number]:
                yield of_sentence(f"project {number}", problem, "change its label config")
        if only is not None and not chosen:
            yield of_sentence(f"project {only}", not_known(only), "")
        elif not chosen:
            yield warning(
                _PROJECTS, "no project is connected yet", "run `hemline connect PROJECT_ID`"
            )

    yield from look(_PROJECTS, choose, way_out=database.WAY_OUT, needs=stored)
    for number in chosen:
        yield from look(
            f"project {number}",
            partial(connected_project.check_project, settings, number),
            way_out=connected_project.WAY_OUT,
            needs=token,
            limit_s=connected_project.LIMIT_S,
        )
        name = f"project {number}: model"
        yield from look(
            name,
            partial(networks.check_champion, name, settings, number),
            way_out=networks.MODEL_WAY_OUT,
            limit_s=_READING_S,
        )
