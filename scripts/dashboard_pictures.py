"""Takes the dashboard's pictures in docs/images anew: `python -m scripts.dashboard_pictures`.

They are screenshots of the project that the dashboard's tests use, with larger photos. Look at each
before it is committed. Needs Chromium, at the path in CHROMIUM.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from hemline.store.database.artifacts import ArtifactStore
from hemline.store.database.engine import Store
from hemline.store.states import Role
from tests.backend.conftest import Backend, make_settings
from tests.backend.dashboard.served import Served
from tests.backend.dashboard.studio_project import fill_project
from tests.backend.dashboard.visitor import Visitor

_OUT = Path("docs/images")
_WIDTH, _HEIGHT = 1366, 860
_TASKS = 600
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    with TemporaryDirectory(prefix="hemline-pictures-") as folder, sync_playwright() as play:
        home = Path(folder) / "home"
        settings = make_settings(home, local_files_root=home / "files")
        store = Store(settings.database)
        store.upgrade()
        fill_project(
            store,
            ArtifactStore(settings.artifacts),
            tasks=_TASKS,
            photos=home / "files" / "photos",
            labelled=0.7,
            height=1200,
            width=800,
        )
        store.dispose()
        backend = Backend(settings)
        browser = play.chromium.launch(executable_path=os.environ["CHROMIUM"], args=_FLAGS)
        Visitor(backend, name="ada", role=Role.ADMIN, log_in=False)
        served = Served(backend, browser)
        try:
            _take(served)
        finally:
            served.stop()
            backend.services.stop()
            browser.close()


def _take(served: Served) -> None:
    page = served.logged_in()
    page.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})

    def show(path: str) -> None:
        page.goto(f"{served.url}/dashboard/1{path}")
        page.wait_for_load_state("networkidle")

    show("")
    page.screenshot(path=_OUT / "dashboard-overview.png", full_page=True)
    show("/causes")
    page.screenshot(path=_OUT / "dashboard-causes.png", full_page=True)
    show("/flagged")
    page.screenshot(path=_OUT / "dashboard-flagged.png")
    show(_first_flagged(page))
    page.screenshot(path=_OUT / "dashboard-image.png", full_page=True)
    show("/models/3")
    got_better = page.locator("section", has=page.get_by_role("heading", name="Got better"))
    got_better.screenshot(path=_OUT / "dashboard-models.png")


def _first_flagged(page: Page) -> str:
    """The path of the image page of the first card."""
    address = page.locator("a[href*='/image/']").first.get_attribute("href")
    assert address is not None
    return "/image/" + address.split("/image/")[1]


if __name__ == "__main__":
    main()
