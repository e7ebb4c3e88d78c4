"""A backend on a port, and a browser in front of it."""

import threading
from typing import Any

from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.backend.dashboard.visitor import PASSWORD

_PATIENCE_MS = 60_000


class Served:
    """A backend on a port, and windows of a browser that remember what went wrong in them."""

    def __init__(self, backend: Any, browser: Browser) -> None:
        self.backend = backend
        self.browser = browser
        self.complaints: list[str] = []
        self._server = make_server("127.0.0.1", 0, backend.app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self._contexts: list[Any] = []

    def window(self, **options: Any) -> Page:
        context = self.browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        context.set_default_timeout(_PATIENCE_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def logged_in(self, **options: Any) -> Page:
        """A window in which somebody has logged in, with nothing but the keyboard."""
        page = self.window(**options)
        page.goto(f"{self.url}/dashboard/1")
        page.locator("#name:focus").wait_for()
        page.keyboard.type("ada")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{self.url}/dashboard/1")
        return page

    def stop(self) -> None:
        for context in self._contexts:
            context.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
