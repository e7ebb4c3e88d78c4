"""Settings that can be read and are still a mistake, or leave a door open."""

from collections.abc import Iterator

from hemline.segmentation.recipe.recipe import load_recipe
from hemline.settings import Settings
from hemline.system.exposure import open_backend_refusal, open_beyond_this_machine, refused_webhooks
from worker.doctor.diagnosis import Diagnosis, Mark, healthy, of_sentence, warning

NAME = "settings"
WAY_OUT = "see docs/settings.md"


def check_settings(settings: Settings) -> Iterator[Diagnosis]:
    """A line for each that is worth one.

    Raises RecipeError for a recipe that trainings cannot use.
    """
    recipe = load_recipe(settings.recipe)
    doubts = list(_doubts(settings))
    yield from doubts
    if not doubts:
        yield healthy(NAME, f"read, recipe '{recipe.name}'")


def _doubts(settings: Settings) -> Iterator[Diagnosis]:
    if refusal := open_backend_refusal(settings):
        yield of_sentence(NAME, refusal, WAY_OUT)
    elif open_beyond_this_machine(settings):
        yield warning(
            NAME,
            f"whoever reaches the backend on '{settings.host}' may call it (HEMLINE_ALLOW_OPEN)",
            "set BASIC_AUTH_USER and BASIC_AUTH_PASS unless something else keeps others out",
        )
    if refused := refused_webhooks(settings):
        yield of_sentence(NAME, refused, WAY_OUT, Mark.WARNING)
    elif not settings.webhook_secret:
        yield warning(
            NAME,
            "HEMLINE_WEBHOOK_SECRET is empty: whoever reaches the backend can send webhooks, so "
            "Label Studio is asked about each",
            "set it to a long random text and run `hemline connect` for each project",
        )
