"""Label Studio in a browser, as an annotator uses it."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, Response

from hemline.labelstudio.project.config import render_label_config
from hemline.labelstudio.server import Account
from tests.e2e.waiting import eventually

Point = tuple[float, float]

_CANVAS = ".konvajs-content canvas"
_PHOTO = "img[src^='blob:']"
_TINTED = 0.25  # share of the label's colour in a pixel from which it counts as masked


class Editor:
    """One page of a browser. Places in a photo are shares (x, y) of its sides, 0 to 1."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def log_in(self, account: Account) -> None:
        self._go("/user/login")
        self.page.fill("#email", account.email)
        self.page.fill("#password", account.password)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(lambda url: "login" not in url, wait_until="commit")

    def open_task(self, project: int, task: int) -> dict[str, Any]:
        """Open a task from the Data Manager; the task as Label Studio gave it to the editor."""
        with self.page.expect_response(lambda answer: f"/api/tasks/{task}?" in answer.url) as got:
            self._go(f"/projects/{project}/data?task={task}")
        self._see_photo()
        return _json(got.value)

    def label_all(self, project: int) -> dict[str, Any]:
        """Press "Label All Tasks"; the task that Label Studio chose."""
        self._go(f"/projects/{project}/data")
        with self.page.expect_response(_is_next_task) as got:
            self.page.get_by_role("button", name="Label All Tasks").click()
        self._see_photo()
        return _json(got.value)

    def region_names(self) -> list[str]:
        """What the list of regions says, one text a region."""
        return self.page.locator(".lsf-outliner-item__title").all_inner_texts()

    def brush(self, start: Point, end: Point) -> None:
        """Add a stroke to the first region, or begin one with the first label if there is none."""
        regions = self.page.locator(".lsf-outliner-item")
        if regions.count():
            regions.first.click()
        else:
            self.page.keyboard.press("1")
        self.page.get_by_label("brush-tool").click()
        before = self._photo_pixels()
        self.page.mouse.move(*self.place(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(end), steps=10)
        self.page.mouse.up()
        eventually(
            lambda: not np.array_equal(before, self._photo_pixels()),
            "the stroke is drawn",
            seconds=30,
        )

    def submit(self) -> dict[str, Any]:
        """Submit, or update what was submitted before; the annotation as Label Studio has it."""
        with self.page.expect_response(_saves_annotation) as got:
            self.page.get_by_role("button", name=re.compile("^submit", re.IGNORECASE)).first.click()
        return _json(got.value)

    def skip(self) -> dict[str, Any]:
        """Skip the task; the cancelled annotation as Label Studio has it."""
        with self.page.expect_response(_saves_annotation) as got:
            self.page.get_by_label("skip-task").click()
        return _json(got.value)

    def drawn_mask(self, photo: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which pixels of the photo (H, W, 3) are shown under the first label's colour, (H, W)."""
        height, width = photo.shape[:2]
        shown = Image.fromarray(self._photo_pixels()).resize((width, height), Image.Resampling.BOX)
        plain = photo.astype(np.float64)
        towards = _label_colour() - plain
        # shown = plain + share * (colour - plain), solved for the share by least squares
        share = ((np.asarray(shown) - plain) * towards).sum(-1) / (towards**2).sum(-1)
        return np.asarray(share > _TINTED)

    def wait_for_mask(self, photo: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """The mask on the photo, once one is drawn."""
        eventually(lambda: bool(self.drawn_mask(photo).mean() > 0.01), "a mask is drawn")
        return self.drawn_mask(photo)

    def tint(self, photo: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The mean difference of what is shown to the photo (H, W, 3), where (H, W) says, RGB."""
        height, width = photo.shape[:2]
        shown = Image.fromarray(self._photo_pixels()).resize((width, height), Image.Resampling.BOX)
        difference = np.asarray(shown, dtype=np.float64) - photo
        return np.asarray(difference[where].mean(axis=0))

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def _go(self, path: str) -> None:
        # The load event waits for what a machine without the internet never gets.
        self.page.goto(self._url + path, wait_until="commit")

    def _see_photo(self) -> None:
        self.page.wait_for_selector(_CANVAS, state="attached")
        eventually(lambda: self._photo_width() or None, "the photo is shown", seconds=60)

    def _photo_width(self) -> int:
        width: int = self.page.evaluate(
            f'() => document.querySelector("{_PHOTO}")?.naturalWidth || 0'
        )
        return width

    def place(self, point: Point) -> Point:
        """Where on the page a place in the photo is, in CSS pixels."""
        x, y, width, height = self._photo_box()
        return x + point[0] * width, y + point[1] * height

    def _photo_box(self) -> tuple[float, float, float, float]:
        box = self.page.locator(_PHOTO).first.bounding_box()
        assert box is not None
        return box["x"], box["y"], box["width"], box["height"]

    def _photo_pixels(self) -> NDArray[np.uint8]:
        x, y, width, height = self._photo_box()
        clip = {"x": x, "y": y, "width": width, "height": height}
        png = self.page.screenshot(clip=clip)  # type: ignore[arg-type]
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def _is_next_task(answer: Response) -> bool:
    return "id=next_task" in answer.url


def _saves_annotation(answer: Response) -> bool:
    saves = answer.request.method in ("POST", "PATCH")
    return saves and re.search(r"/api/(tasks/\d+/)?annotations\b", answer.url) is not None


def _json(answer: Response) -> dict[str, Any]:
    assert answer.ok, f"{answer.url} answered {answer.status}: {answer.text()[:300]}"
    value: dict[str, Any] = answer.json()
    return value


def _label_colour() -> NDArray[np.float64]:
    found = re.search(r'background="#(\w{6})"', render_label_config(["garment"]))
    assert found is not None
    return np.frombuffer(bytes.fromhex(found[1]), dtype=np.uint8).astype(np.float64)
