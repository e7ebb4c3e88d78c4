"""Somebody who looks at the dashboard with Flask's test client."""

import re
from typing import Any

from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from hemline.store.people import add_person
from hemline.store.states import Role

PASSWORD = "correct horse"
_HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")  # quick: tests make many


class Visitor:
    """A person of a role in a browser of their own, logged in unless told otherwise."""

    def __init__(
        self, backend: Any, *, name: str = "ada", role: Role = Role.ADMIN, log_in: bool = True
    ) -> None:
        self.name = name
        self.client = backend.app.test_client()
        with backend.store.session() as session:
            add_person(session, name, _HASH, role)
        if log_in:
            assert self.log_in().status_code == 303

    def log_in(self, **fields: str) -> TestResponse:
        page = self.client.get("/dashboard/log-in")
        form = {"name": self.name, "password": PASSWORD, "csrf_token": token_of(page.text)}
        answer: TestResponse = self.client.post("/dashboard/log-in", data=form | fields)
        return answer

    def see(self, path: str, status: int = 200) -> str:
        """The page's HTML."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        text: str = answer.text
        return text

    def token(self) -> str:
        return token_of(self.see("/dashboard/nowhere", 404))

    def post(self, path: str, **fields: str) -> TestResponse:
        """Sends a form with its token."""
        answer: TestResponse = self.client.post(path, data={"csrf_token": self.token()} | fields)
        return answer


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]
