"""What a rule of a channel is, and what it finds."""

from dataclasses import dataclass
from datetime import date as Day
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from hemline.channels.keys import Keys
from hemline.channels.picture import Picture, PixelArea

Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=3, max_length=500)]

_DATE = r"^20\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"


class Outcome(StrEnum):
    """How a picture does by a rule."""

    PASSED = "passed"
    ADVICE = "advice"  # the channel advises otherwise, and takes it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a check measured: whether it is as asked, the number, a sentence, and where.

    Attributes:
        says: what is, and what is asked for; whole sentences without the channel's name.
        where: the place that is not as asked, where there is one.
    """

    good: bool
    value: float | str
    asked: str
    says: str
    where: PixelArea | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one picture."""

    check: str
    outcome: Outcome
    value: float | str
    asked: str
    says: str
    source: str
    where: PixelArea | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        box = self.where
        return {
            "check": self.check,
            "outcome": self.outcome.value,
            "value": self.value,
            "asked": self.asked,
            "says": self.says,
            "source": self.source,
            "where": [box.left, box.top, box.width, box.height] if box else None,
        }


class Rule(Keys):
    """One rule. Each kind of check has its own keys beside these.

    Attributes:
        level: "must" turns a picture down, "should" is advice.
        source: where the channel, or who, says so.
        date: when the source was read: a year, a month or a day.
        since: the day on which the rule comes into force; before, it is advice.
        note: what the source leaves open, and how it is read here.
    """

    level: Literal["must", "should"] = "must"
    source: Text
    date: Annotated[str, Field(pattern=_DATE)]
    since: Day | None = None
    note: str = ""

    def measure(self, picture: Picture) -> Measured:
        raise NotImplementedError

    def judge(self, check: str, picture: Picture, today: Day) -> Finding:
        """What the rule, of the check of that name, says of a picture on that day."""
        found = self.measure(picture)
        binding = self.level == "must" and (self.since is None or today >= self.since)
        wrong = Outcome.FAILED if binding else Outcome.ADVICE
        says = found.says
        if not found.good and self.since is not None and today < self.since:
            says += f" (from {self.since} on)"
        return Finding(
            check,
            Outcome.PASSED if found.good else wrong,
            found.value,
            found.asked,
            says,
            self.source,
            found.where,
        )


def at_least_most(least: float | None, most: float | None, unit: str, shown: str = "g") -> str:
    """A range in words.

    >>> at_least_most(80, 85, " %"), at_least_most(1000, None, " px"), at_least_most(None, 5, " MB")
    ('80 to 85 %', 'at least 1000 px', 'at most 5 MB')
    """
    if least is not None and most is not None:
        return f"{least:{shown}} to {most:{shown}}{unit}"
    if least is not None:
        return f"at least {least:{shown}}{unit}"
    return f"at most {most:{shown}}{unit}"


def is_within(value: float, least: float | None, most: float | None) -> bool:
    """Whether a value is in a range whose missing ends are open; equal is within."""
    slack = 1e-9
    return (least is None or value >= least - slack) and (most is None or value <= most + slack)


def check_range(least: float | None, most: float | None) -> None:
    """Raises ValueError where a range has no end, or ends before it begins."""
    if least is None and most is None:
        raise ValueError("it asks for nothing; give least or most")
    if least is not None and most is not None and least > most:
        raise ValueError(f"least {least:g} is over most {most:g}; swap them")
