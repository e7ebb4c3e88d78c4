"""Clicks and boxes in Label Studio's editor, and what the page has of the regions."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemline.masks.codecs.brush import decode_brush
from tests.e2e.editor import Editor, Point
from tests.e2e.waiting import eventually

# What the two switches below the photo store in the browser.
_SWITCHES = (
    "localStorage.setItem('autoAnnotation', 'true');"
    "localStorage.setItem('autoAcceptSuggestions', 'true');"
)
_REGIONS = """() => [...Htx.annotationStore.selected.areas.values()].map(region => ({
    id: region.cleanId, type: region.type, rle: region.rle ? [...region.rle] : null,
    strokes: region.touches ? region.touches.length : 0, selected: region.inSelection,
    labels: region.results.map(result => [result.from_name.name, result.mainValue])}))"""
_SETTLED = "() => !Htx.awaitingSuggestions"
_ASKS = "interactive-annotating"


@dataclass(frozen=True)
class PageRegion:
    """A region as the page has it."""

    key: str
    kind: str
    rle: list[int] | None
    strokes: int
    selected: bool
    label: str

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """(height, width) bool, of the pixels without strokes that are not saved yet."""
        assert self.rle is not None
        return decode_brush(self.rle, height, width) > 127


class Clicker:
    """An editor whose page follows clicks. Places are shares (x, y) of the photo's sides."""

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.page = editor.page
        self.page.context.add_init_script(_SWITCHES)
        self._asked = 0
        self._answered = 0
        self.drafts = 0
        self.seconds: list[float] = []  # from each request to its answer
        self._began: dict[Any, float] = {}
        self.page.on("request", self._request)
        self.page.on("requestfinished", self._finished)

    def open(self, project: int, task: int) -> PageRegion | None:
        """Open a task; its one region, None if there is none."""
        self.editor.open_task(project, task)
        self.page.wait_for_timeout(1500)
        found = self.regions()
        return found[0] if found else None

    def choose(self, key: str) -> None:
        """Press a tool's or a label's key, with nothing selected."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press(key)
        self.page.wait_for_timeout(300)

    def click(self, place: Point, *, away: bool = False, wait: bool = True) -> None:
        """Ctrl+click, which adds, or Ctrl+Alt+click, which takes away."""
        keys = ("Control", "Alt") if away else ("Control",)
        before = self._answered
        self.page.mouse.move(*self.editor.place(place))
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.down()
        self.page.mouse.up()
        for key in reversed(keys):
            self.page.keyboard.up(key)
        if wait:
            self.settle(before + 1)

    def box(self, start: Point, end: Point) -> None:
        before = self._answered
        self.page.mouse.move(*self.editor.place(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.editor.place(end), steps=8)
        self.page.mouse.up()
        self.settle(before + 1)

    @property
    def answered(self) -> int:
        return self._answered

    def settle(self, answers: int) -> None:
        """Until so many answers have come, and the page has taken them in."""
        eventually(lambda: self._pumped() >= answers, f"{answers} answers", seconds=60)
        self.page.wait_for_function(_SETTLED)
        self.page.wait_for_timeout(1500)

    def wait_for_draft(self) -> None:
        """Until the page has saved a draft from now on."""
        before = self.drafts
        eventually(lambda: bool(self._pumped() + 1 and self.drafts > before), "a draft is saved")

    def undo(self) -> None:
        self.page.keyboard.press("Control+z")
        self.page.wait_for_timeout(1200)

    def regions(self) -> list[PageRegion]:
        return [
            PageRegion(
                key=each["id"],
                kind=each["type"],
                rle=each["rle"],
                strokes=each["strokes"],
                selected=bool(each["selected"]),
                label=str((each["labels"] or [["", [""]]])[0][1]),
            )
            for each in self.page.evaluate(_REGIONS)
        ]

    def region(self) -> PageRegion:
        """The one region that there is."""
        (found,) = self.regions()
        assert found.kind == "brushregion"
        return found

    def _pumped(self) -> int:
        """The number of answers, once the page's events have been looked at."""
        self.page.wait_for_timeout(50)
        return self._answered

    def _request(self, request: Any) -> None:
        if _ASKS in request.url:
            self._asked += 1
            self._began[request] = time.monotonic()

    def _finished(self, request: Any) -> None:
        if _ASKS in request.url:
            self._answered += 1
            self.seconds.append(time.monotonic() - self._began.pop(request))
        elif "/drafts" in request.url and request.method in ("POST", "PATCH"):
            self.drafts += 1
