"""HTTP to Label Studio: both kinds of token, retries where they are safe, errors in words."""

import base64
import ipaddress
import json
import threading
import time
from contextlib import AbstractContextManager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from hemline.errors import LabelStudioError, LabelStudioUnavailable
from hemline.labelstudio.deadline import bounded, within
from hemline.labelstudio.not_now import is_later, retry_after_s
from hemline.redaction import redact
from hemline.telemetry.spans import WorkSpan, span

_IDEMPOTENT = {"GET", "HEAD", "PUT", "PATCH", "DELETE"}
_OWN_FAULT = 500  # Label Studio's own, of this request: others may be answered
_BROKEN_OFF = (httpx.NetworkError, httpx.RemoteProtocolError)  # after it was connected
_WHOLE = 4  # times the timeout of one read, which a whole exchange may take
_PAUSES_S = (0.2, 0.8)
_RENEW_BEFORE_S = 30.0
_MESSAGE_LIMIT = 300


class LabelStudioRefused(LabelStudioError):
    """Label Studio answered with an error. `status` is the HTTP status; `retry_after_s` is how
    long it asks to wait, if it says so."""

    def __init__(self, message: str, status: int, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class LabelStudioHttp:
    """Requests to one Label Studio as one user. Safe to share between threads.

    `api_key` is a legacy token, sent as it is, or a personal access token, which is exchanged for
    access tokens that live for minutes and are renewed in time.
    """

    def __init__(self, url: str, api_key: str, *, timeout_s: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._api_key = api_key
        self._access = ""
        self._renew_at = 0.0
        self._lock = threading.Lock()
        self._timeout_s = timeout_s
        self._client = bounded(
            httpx.Client(
                timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
                # Label Studio hands out a session with every answer; a token must stand for itself.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                trust_env=not is_loopback(self.url),
                limits=httpx.Limits(max_connections=32),
            )
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The decoded answer, or None if it is empty. `options` are those of httpx requests.

        Raises LabelStudioUnavailable if there is no answer now, or one that is not Label Studio's
        (a page, a redirect), and LabelStudioRefused if the answer is an error.
        """
        response = self.request(method, path, **options)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise LabelStudioUnavailable(
                f"{method} {path} at {self.url} was answered with {_kind(response)} where JSON was "
                "expected; is this Label Studio, or a login or maintenance page in front of it?"
            ) from None

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send, renewing the access token and retrying where that is safe. See `json`.

        With stream=True the answer is of one file: an error that may pass is LabelStudioRefused,
        slowness is httpx.TimeoutException, a connection that breaks is another TransportError of
        httpx, and redirects are left to the caller.
        """
        response = self._send(method, path, **options)
        if response.status_code == 401 and self._uses_access_tokens:
            response.close()
            self._forget_access()
            response = self._send(method, path, **options)
        if response.is_error:
            raise self._refusal(method, path, response)
        if response.has_redirect_location and not options.get("stream"):
            raise LabelStudioUnavailable(
                f"{method} {path} at {self.url} was answered with a redirect; set LABEL_STUDIO_URL "
                "to where it leads, unless that is a login of a proxy in front of it"
            )
        return response

    def authorization(self) -> dict[str, str]:
        """The header that says who asks."""
        if self._uses_access_tokens:
            return {"Authorization": f"Bearer {self._access_token()}"}
        return {"Authorization": f"Token {self._api_key}"}

    @property
    def _uses_access_tokens(self) -> bool:
        return self._api_key.count(".") == 2  # a JWT; legacy tokens are hexadecimal

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        if not self._api_key:
            raise LabelStudioError(
                "LABEL_STUDIO_API_KEY is not set; copy a personal access token from Account & "
                f"Settings in {self.url}"
            )
        headers = options.pop("headers", {}) | self.authorization()
        stream = options.pop("stream", False)
        whole_s = _WHOLE * float(options.get("timeout", self._timeout_s))
        for pause_s in (*_PAUSES_S, None):
            request = self._client.build_request(
                method, self.url + path, headers=headers, **options
            )
            wait_s = None
            try:
                with within(whole_s), self._span(method, path) as asked:
                    response = self._client.send(request, stream=stream)
                    asked.note("http.response.status_code", response.status_code)
            except httpx.TimeoutException as error:
                if stream and not isinstance(error, httpx.ConnectTimeout):
                    raise  # one file that is slow says nothing of the rest
                may_try_again = isinstance(error, httpx.ConnectTimeout)
                problem = "did not answer in time"
            except httpx.TransportError as error:
                never_sent = isinstance(error, httpx.ConnectError)
                may_try_again = never_sent or method in _IDEMPOTENT
                broke_off = isinstance(error, _BROKEN_OFF) and not never_sent
                if stream and broke_off and (pause_s is None or not may_try_again):
                    raise  # nor does one that breaks off
                problem = f"cannot be reached ({_reason(error)})"
            else:
                status = response.status_code
                if stream or not is_later(status) or status == _OWN_FAULT:
                    return response
                wait_s = retry_after_s(response.headers)
                response.close()
                may_try_again = method in _IDEMPOTENT and wait_s is None
                problem = f"is not available (HTTP {status})"
            if pause_s is None or not may_try_again:
                break
            time.sleep(pause_s)
        raise LabelStudioUnavailable(
            f"Label Studio at {self.url} {problem} for {method} {path}; start it, or set "
            "LABEL_STUDIO_URL to where it is",
            retry_after_s=wait_s,
        )

    def _span(self, method: str, path: str) -> AbstractContextManager[WorkSpan]:
        return span(
            f"{method} Label Studio",
            kind="client",
            notes={
                "http.request.method": method,
                "server.address": urlsplit(self.url).hostname or "",
                "url.path": path.partition("?")[0],
            },
        )

    def _access_token(self) -> str:
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._renew()
            return self._access

    def _forget_access(self) -> None:
        with self._lock:
            self._renew_at = 0.0

    def _renew(self) -> None:
        path = "/api/token/refresh/"
        try:
            with within(_WHOLE * self._timeout_s):
                response = self._client.post(self.url + path, json={"refresh": self._api_key})
        except httpx.HTTPError as error:
            raise LabelStudioUnavailable(
                f"Label Studio at {self.url} cannot be reached ({_reason(error)}); start it, or "
                "set LABEL_STUDIO_URL to where it is"
            ) from error
        if is_later(response.status_code):
            raise LabelStudioUnavailable(
                f"Label Studio at {self.url} is not available (HTTP {response.status_code})",
                retry_after_s=retry_after_s(response.headers),
            )
        if response.is_error:
            raise self._refusal("POST", path, response)
        try:
            access = str(response.json()["access"])
            lifetime_s = _lifetime_s(access)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise LabelStudioUnavailable(
                f"POST {path} at {self.url} was answered with {_kind(response)} that holds no "
                "access token; is it a Label Studio?"
            ) from error
        self._access = access
        self._renew_at = time.monotonic() + max(lifetime_s - _RENEW_BEFORE_S, 1.0)

    def _refusal(self, method: str, path: str, response: httpx.Response) -> LabelStudioRefused:
        status = response.status_code
        response.read()
        if status == 401:
            return LabelStudioRefused(
                f"Label Studio at {self.url} does not accept LABEL_STUDIO_API_KEY "
                f"({_words(response)}); copy a new personal access token from Account & Settings",
                status,
            )
        return LabelStudioRefused(
            f"Label Studio refused {method} {path} with {status}: {_words(response)}",
            status,
            retry_after_s=retry_after_s(response.headers),
        )


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


def _words(response: httpx.Response) -> str:
    """What an error answer says, in one line."""
    try:
        body = response.json()
    except ValueError:
        return _kind(response)
    if not isinstance(body, dict):
        words = json.dumps(body)
    elif body.get("validation_errors"):
        words = json.dumps(body["validation_errors"], ensure_ascii=False)
    else:
        words = str(body.get("detail") or json.dumps(body, ensure_ascii=False))
    return redact(words)[:_MESSAGE_LIMIT]  # before it is cut, while secrets are whole


def _kind(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0] or "nothing"


def _lifetime_s(token: str) -> float:
    """Seconds between a JWT's issue and expiry: independent of how our clocks differ."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return float(claims["exp"]) - float(claims.get("iat", claims["exp"]))


def is_loopback(url: str) -> bool:
    """Whether an address is one of this machine's own, which no proxy stands in front of."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
