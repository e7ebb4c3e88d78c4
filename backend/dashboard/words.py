"""Numbers and times as pages write them."""

from datetime import UTC, datetime

from flask import Blueprint
from flask.sansio.blueprints import BlueprintSetupState

from backend.services import BackendServices
from hemline.store.review.review_words import priority_words

NONE = "–"


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.record_once
    def add(state: BlueprintSetupState) -> None:
        # Globals and no context: macros that one template imports from another see them too.
        state.app.jinja_env.globals.update(
            dice=dice,
            percent=percent,
            count=count,
            moment=moment,
            ago=ago,
            duration=duration,
            signed=signed,
            priority_words=priority_words,
            label_studio=services.settings.link_url,
        )


def dice(value: float | None) -> str:
    """Three digits: the fourth is noise in every project of a studio's size."""
    return NONE if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    if value is None:
        return NONE
    if abs(value) < 0.0005:
        return "0.000"
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def percent(share: float | None) -> str:
    if share is None:
        return NONE
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def count(number: int | None) -> str:
    return NONE if number is None else f"{number:,}".replace(",", "\N{THIN SPACE}")


def duration(seconds: float | None) -> str:
    """Seconds up to two minutes, then minutes, then hours; with a minus where time was lost."""
    if seconds is None:
        return NONE
    if abs(seconds) < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if abs(seconds) < 7200 else f"{seconds / 3600:.1f} h"


def moment(time: datetime | None) -> str:
    return NONE if time is None else f"{time:%Y-%m-%d %H:%M}"


def ago(time: datetime | None) -> str:
    """How long ago, in the largest unit that is at least one."""
    if time is None:
        return "never"
    seconds = (datetime.now(UTC) - time).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now"
