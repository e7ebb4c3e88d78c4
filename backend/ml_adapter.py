"""Hemline under label-studio-ml: a model class that hands on what Label Studio asks.

For those who run their backends with `label-studio-ml`. Its packages (1.0.9 pins Flask 1) are not
Hemline's, so the two live in environments of their own, and this module needs nothing but
label-studio-ml: `pip install --no-deps hemline` beside it. It asks a running `hemline backend`,
which is the usual way to serve Label Studio and needs no adapter.

It is here and not in `hemline.labelstudio` because it speaks HTTP as Flask's requests have it, and
Flask belongs to the backend alone.
"""

import base64
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from flask import has_request_context, request
from label_studio_ml.model import LabelStudioMLBase

from hemline.errors import HemlineError

SECRET_HEADER = "X-Hemline-Secret"  # as `hemline connect` has it, whose packages are not here
_HEMLINE = "http://127.0.0.1:9090"
_TIMEOUT_S = 110.0  # Label Studio itself waits for 100 s at most
_OF_PREDICT = ("project", "label_config", "model_version")


class AdapterError(HemlineError):
    """Hemline does not answer, or refuses; label-studio-ml answers 500 with the sentence."""


class HemlineModel(LabelStudioMLBase):  # type: ignore[misc]
    """For label-studio-ml 1.0.9 and 2.

    Environment: HEMLINE_BACKEND_URL (default http://127.0.0.1:9090), and as Hemline has them
    BASIC_AUTH_USER, BASIC_AUTH_PASS and HEMLINE_WEBHOOK_SECRET.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not hasattr(LabelStudioMLBase, "setup"):  # version 2 calls it by itself
            self.setup()

    def setup(self) -> None:
        """Introduces the project, if that is what Label Studio asks for.

        Raises AdapterError with Hemline's sentence if its label config cannot be pre-filled.
        """
        if has_request_context() and request.path == "/setup":
            answer = _ask("/setup", request.get_json())
            if hasattr(self, "set"):  # version 2 answers with what is set
                self.set("model_version", answer.get("model_version") or "")

    def predict(
        self, tasks: Sequence[Mapping[str, Any]], context: Any = None, **_: Any
    ) -> list[dict[str, Any]]:
        """Hemline's predictions, one a task; or what follows from a click, if there is a context.

        Raises AdapterError if Hemline does not answer.
        """
        # The label config of the request: version 1.0.9 has one model for all projects, with the
        # config of the one that was set up last.
        asked = request.get_json() if has_request_context() else {}
        body = {name: asked[name] for name in _OF_PREDICT if asked.get(name)}
        if context is not None:
            body["params"] = {"context": context}
        results: list[dict[str, Any]] = _ask("/predict", {**body, "tasks": list(tasks)})["results"]
        return results

    def fit(self, *args: Any, event: str = "", data: Any = None, **_: Any) -> None:
        """Hands a webhook on. Hemline stores it and decides by itself when to train.

        Raises AdapterError if there is none, as from the old /train of version 1.0.9, or if Hemline
        does not answer; it finds later what it missed.
        """
        if not event and len(args) == 2:  # version 2: fit(event, data)
            event, data = args
        if not event or not isinstance(data, Mapping):
            raise AdapterError(
                "there is no webhook to hand on; Hemline trains by itself, so press "
                '"Start training" in Label Studio instead of asking /train'
            )
        _ask("/webhook", {**data, "action": event})

    def process_event(
        self, event: str, data: Any, job_id: str, additional_params: Mapping[str, Any]
    ) -> None:
        """Hands on webhooks of every kind; label-studio-ml itself passes on four."""
        self.fit(event=event, data=data)
        # Of version 1.0.9, one a webhook, with a copy of it. Never what `fit` is given, which for
        # /train is whatever the request says.
        if workdir := additional_params.get("workdir"):
            shutil.rmtree(workdir, ignore_errors=True)


def _ask(path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Hemline's answer to a POST of JSON."""
    url = os.environ.get("HEMLINE_BACKEND_URL", "").rstrip("/") or _HEMLINE
    asked = Request(url + path, json.dumps(body).encode(), _headers(), method="POST")
    try:
        with urlopen(asked, timeout=_TIMEOUT_S) as response:
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        raise AdapterError(f"Hemline at {url} refuses {path} ({_sentence(error)})") from error
    except (URLError, OSError, ValueError) as error:
        raise AdapterError(
            f"Hemline at {url} does not answer {path} ({error}); start `hemline backend`, or set "
            "HEMLINE_BACKEND_URL to its address"
        ) from error
    return answer


def _headers() -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    user, password = (os.environ.get(f"BASIC_AUTH_{name}", "") for name in ("USER", "PASS"))
    if user:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    if secret := os.environ.get("HEMLINE_WEBHOOK_SECRET"):
        headers[SECRET_HEADER] = secret
    return headers


def _sentence(error: HTTPError) -> str:
    """What the answer says is wrong, or its status line."""
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return str(error)
