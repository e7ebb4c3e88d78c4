"""Who may call what: Basic auth for the protocol, a secret header for webhooks.

- Probes (/livez, /readyz) are open: orchestrators carry no password, and they tell nothing.
- The dashboard's pages are for people, who log in there (backend.dashboard.login.access).
- Everything else, /health and /metrics included, asks for Basic auth where it is set. Label
  Studio sends it with /health, /setup, /predict and its "Start training" button.
- A webhook carries the secret header instead, since Label Studio's webhooks cannot carry Basic
  auth. "Start training" comes to the same address but through the ML backend's connection, which
  carries Basic auth and no headers: it is guarded as /predict is.
"""

import hmac

from flask import Request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from hemline.labelstudio.project.connect import SECRET_HEADER
from hemline.settings import Settings

_OPEN = frozenset({"probes.livez", "probes.readyz"})
_CHECKS_ITSELF = frozenset({"webhook.webhook"})
_HAS_PEOPLE = "dashboard"
BUTTON = "START_TRAINING"


class Guard:
    """Checks requests against the credentials of the settings, in constant time."""

    def __init__(self, settings: Settings) -> None:
        self._user = settings.basic_auth_user
        self._password = settings.basic_auth_pass
        self._secret = settings.webhook_secret

    def check(self, request: Request) -> None:
        """Raises Unauthorized unless the endpoint is open to this request."""
        if request.endpoint in _OPEN or request.endpoint in _CHECKS_ITSELF:
            return
        if request.blueprint == _HAS_PEOPLE:
            return
        if self._user and not self._knows_password(request):
            raise _refusal("user and password are missing or wrong; see BASIC_AUTH_USER")

    def knows_webhook(self, request: Request) -> bool:
        """Whether the headers alone let a webhook in."""
        if self._secret and _same(request.headers.get(SECRET_HEADER, ""), self._secret):
            return True
        if self._user:
            return self._knows_password(request)
        return not self._secret

    @property
    def button_is_open(self) -> bool:
        """Whether "Start training" needs no credentials, as /predict needs none."""
        return not self._user

    def webhook_refusal(self) -> Unauthorized:
        """What a webhook without the right headers is answered."""
        return _refusal(
            f"the {SECRET_HEADER} header is missing or wrong; run `hemline connect` again"
            if self._secret
            else "webhooks carry no password; set HEMLINE_WEBHOOK_SECRET and run `hemline connect`"
        )

    def _knows_password(self, request: Request) -> bool:
        given = request.authorization
        if given is None or given.type != "basic":
            return False
        user = _same(given.username or "", self._user)
        password = _same(given.password or "", self._password)
        return user and password


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8"))


def _refusal(sentence: str) -> Unauthorized:
    return Unauthorized(sentence, www_authenticate=WWWAuthenticate("basic", {"realm": "Hemline"}))
