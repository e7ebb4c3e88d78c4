"""What is known of work times and of tasks that were left blank, in sentences for people."""

from hemline.masks.figures.work_times import FEWEST_TIMED, TimeSaved
from hemline.store.effort.anchoring import Anchoring
from hemline.store.effort.left_blank import LearntTimes, LeftBlank, learnt_times
from hemline.store.reports.edit_effort import Savings
from hemline.store.tables.loop import Project


def effort_in_words(
    project: Project, blank: LeftBlank, saved: Savings, anchored: Anchoring
) -> list[str]:
    """All of it: what work costs, which tasks open empty and whether that was right, anchoring."""
    found = [drawing_in_words(project, blank), blank_in_words(project, blank)]
    if project.blank_where_dearer or saved.left_blank is not None:
        found.append(left_blank_saved_in_words(saved.left_blank, saved.checked))
    return [*dict.fromkeys(found), anchoring_in_words(anchored)]


def drawing_in_words(project: Project, blank: LeftBlank) -> str:
    """What drawing a mask from nothing is predicted to cost, and how well; or how many masks that
    were drawn so are missing for it."""
    times, drawn = learnt_times(project), blank.drawn
    if drawn < FEWEST_TIMED:
        return (
            f"What an empty task costs is not known: {_more(FEWEST_TIMED - drawn)} drawn from "
            f"nothing are needed ({drawn} of {FEWEST_TIMED})."
        )
    if times is None or times[1].usual_s is None:
        return (
            f"What an empty task costs is learnt in the next ranking, from {drawn} masks drawn "
            "from nothing."
        )
    correcting, drawing = times
    found = f"Drawing a mask from nothing usually takes {seconds(drawing.usual_s)}"
    found += f" (learnt from {drawing.masks} masks{_error(drawing)})."
    if correcting.usual_s is not None:
        found += f" Correcting a pre-fill usually takes {seconds(correcting.usual_s)}"
        found += f" ({correcting.masks} pre-fills{_error(correcting)})."
    return found


def blank_in_words(project: Project, blank: LeftBlank) -> str:
    """How many tasks wait that open empty, and why; or why none does for its cost."""
    if not project.blank_share:
        return "Every task opens with its pre-fill."
    found = (
        f"{project.blank_share:.1%} of the new tasks open without their pre-fill, by chance: "
        f"{blank.by_chance} of those that wait."
    )
    if not project.blank_where_dearer:
        return found
    found += (
        " Where correcting is predicted to take longer than drawing, by more than both errors "
        "together, a task opens empty too: "
    )
    missing = why_none(project, blank)
    if missing is not None:
        return f"{found}none yet. {missing}"
    found += f"{blank.dearer} of those that wait"
    if blank.dearer:
        found += (
            f" ({seconds(blank.correcting_s)} to correct at the median, "
            f"{seconds(blank.drawing_s)} to draw)"
        )
    return f"{found}, and {blank.checked} open pre-filled all the same, as a check."


def why_none(project: Project, blank: LeftBlank) -> str | None:
    """Why no task can be left blank for its cost yet; None: nothing stands in the way."""
    times = learnt_times(project)
    if blank.drawn < FEWEST_TIMED or times is None or times[1].error_s is None:
        return drawing_in_words(project, blank)
    if not times[0].is_told:
        return (
            "Which pre-fills take longest cannot be predicted: what was learnt from "
            f"{times[0].masks} of them does not beat one time for all."
        )
    return None


def left_blank_saved_in_words(saved: TimeSaved | None, checked: int) -> str:
    """Whether it was right to leave blank what was predicted to be dearer to correct."""
    if saved is None:
        return (
            f"Whether leaving them blank saves time is known once {FEWEST_TIMED} such tasks that "
            f"open pre-filled all the same are labelled; so far {checked} are."
        )
    low, high = (value / 60 for value in saved.interval)
    return (
        f"Leaving {saved.masks} of these tasks blank saved {saved.seconds / 60:.0f} min "
        f"({low:.0f} to {high:.0f}), compared with {checked} that opened pre-filled."
    )


def anchoring_in_words(found: Anchoring) -> str:
    """Whether people keep the faults of pre-fills, or how many masks are missing to say."""
    if found.outline is None or found.dice is None:
        kind = "drawn from nothing" if found.kept_back < FEWEST_TIMED else "made from a pre-fill"
        return (
            "Whether people keep the faults of pre-fills is not known: "
            f"{_more(found.missing)} {kind} are needed."
        )
    outline, dice = found.outline, found.dice
    low, high = outline.interval
    more, least, most = (f"{100 * value:+z.1f}" for value in (outline.more, low, high))
    verdict = (
        "no sign that they keep its faults"
        if low <= 0
        else "some of what they see is kept only because it is there"
    )
    return (
        f"People who see a pre-fill submit {outline.shown:.1%} of its outline, and those who draw "
        f"from nothing draw {outline.kept_back:.1%} of the one that they were not shown: "
        f"{more} points ({least} to {most}), {verdict}. "
        f"Dice is {dice.shown:.4f} and {dice.kept_back:.4f}. Compared: {found.shown} masks and "
        f"{found.kept_back}."
    )


def seconds(value: float | None) -> str:
    """A time as people say it, such as "12 s" or "2.5 min"; "?" where it is not known."""
    if value is None:
        return "?"
    return f"{value:.0f} s" if value < 100 else f"{value / 60:.1f} min"


def _error(times: LearntTimes) -> str:
    if times.error_s is None:
        return ""
    found = f", off by {seconds(times.error_s)} on average"
    if times.is_told:
        found += f"; one time for all would be off by {seconds(times.constant_error_s)}"
    return found


def _more(number: int) -> str:
    return f"{number} more mask{'' if number == 1 else 's'}"
