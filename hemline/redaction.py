"""The one place that takes secrets out of what is written: errors, logs, marks, pages, metrics.

Two kinds are taken out: the values of our own settings, wherever and however they are written, and
what has the form of a secret whoever it belongs to, such as the password in an address.
"""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"

# Shorter values are too likely to be a common word: hiding those would garble every sentence.
_SHORTEST = 8

# Bounded repetitions: the text may be anybody's, of any length.
_START = r"(https?:[/\\]{0,8}|//|\\\\)"
_ADDRESSES = (
    # What comes before the "@" of an address, with a slash in the password or without.
    re.compile(_START + r"(?![^\s/?#@]{0,200}:\*\*\*@)[^\s/\\?#]{1,1000}(@)", re.IGNORECASE),
    re.compile(
        _START + r"[^\s/\\?#@:\[\]]{0,200}:(?!\d{0,5}(?:[/?#\s'\"]|$)|\*\*\*@)[^@\r\n]{1,300}(@)",
        re.IGNORECASE,
    ),
    re.compile(r"(%3A%2F%2F)[^\s&]{1,300}?(%40)", re.IGNORECASE),
)
_HEADER = re.compile(
    r"\b((?:proxy-)?authorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?)(?:[a-z]{1,10} )?[^\s'\",]{1,4096}",
    re.IGNORECASE,
)
_KEY_HEADER = re.compile(
    r"\b(x-[\w-]{0,60}(?:key|token|secret|signature|credential|password|auth)['\"]?"
    r"\s{0,3}[:=]\s{0,3}['\"]?)(?!\*\*\*)[^\s'\",]{1,4096}",
    re.IGNORECASE,
)
_COOKIE_VALUE = r"=(?:\"[^\"\r\n]{0,2048}\"|[^'\"\r\n;]{0,2048})"
_COOKIE = re.compile(
    r"\b((?:set-)?cookie['\"]?\s{0,3}[:=]\s{0,3}['\"]?)[^\s=;,'\"]{1,200}"
    rf"{_COOKIE_VALUE}(?:;[^=;'\"\r\n]{{0,200}}(?:{_COOKIE_VALUE})?){{0,50}}",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(
    r"\b((?:bearer|token|basic) )(?=\S{0,4096}\d)[\w+/=.~-]{20,4096}", re.IGNORECASE
)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,4096}(?:\.[\w-]{0,4096})?")
_PARAMETERS = re.compile(
    r"(?<![\w-])([\w-]{0,40}(?:passwo?r?d|pass|secret|token|api[_-]?key|(?:access|account)[_-]?key(?:[_-]?id)?|"
    r"signature|credential|sig)(?:=|%3D|(?<!\\)['\"]\s{0,3}:\s{0,3}['\"]))"
    r"(?!\*\*\*)[^\s&\"',;)]{1,4096}",
    re.IGNORECASE,
)
# Names that are common words elsewhere, and secrets in an address or a connection string.
_QUERY = re.compile(
    r"((?:[?&;]|%3F|%26)(?:key|auth|pwd)(?:=|%3D))(?!\*\*\*)[^\s&\"',;)]{1,4096}", re.IGNORECASE
)
# "password: ..." also begins sentences. Of those the next word has letters alone and others follow.
_VALUE = r"[^\s\"',;&)\]}]"
_COLON = re.compile(
    r"(?<![\w-])([\w-]{0,40}(?:pass(?:word|wd|phrase)|pwd)[ \t]{0,3}:[ \t]{0,3})(?!\*\*\*)"
    rf"(?:(?=[^\s\"',;&)\]}}]{{0,4096}}?[\d!@#$%^*+=/\\~<>|_])(?!\d{{1,3}}\s){_VALUE}{{1,4096}}"
    rf"|{_VALUE}{{1,4096}}(?=[ \t]{{0,8}}(?:[\"';&)\]}}\r\n]|$|,[ \t]{{0,3}}[\w-]{{1,40}}[:=])))",
    re.IGNORECASE,
)

_known: frozenset[str] = frozenset()
_known_pattern: re.Pattern[str] | None = None


def keep_secret(values: Iterable[str]) -> None:
    """From now on `redact` hides these values in this process, in all the ways of writing them.

    Values of fewer than 8 characters are hidden in addresses and parameters only, by their form.
    """
    global _known, _known_pattern
    forms = {form for value in values if len(value) >= _SHORTEST for form in _written(value)}
    if forms <= _known:
        return
    _known |= forms
    longest_first = sorted(_known, key=lambda form: (-len(form), form))
    _known_pattern = re.compile("|".join(map(re.escape, longest_first)))


def redact(text: str) -> str:
    """The text with *** in the place of each secret."""
    if _known_pattern is not None:
        text = _known_pattern.sub(HIDDEN, text)
    for address in _ADDRESSES:
        text = address.sub(rf"\1{HIDDEN}\2", text)
    for named in (_HEADER, _KEY_HEADER, _COOKIE, _CREDENTIALS):
        text = named.sub(rf"\1{HIDDEN}", text)
    text = _JWT.sub(HIDDEN, text)
    for named in (_PARAMETERS, _QUERY, _COLON):
        text = named.sub(rf"\1{HIDDEN}", text)
    return text


def _written(value: str) -> set[str]:
    """A value as it is, percent-encoded, escaped as in JSON and Python, and in base64."""
    values = {value, value.strip(), unquote(value)}
    forms = set()
    for one in values:
        raw = one.encode("utf-8", "surrogateescape")
        forms |= {
            one,
            quote(raw),
            quote(raw, safe=""),
            quote_plus(raw),
            repr(one)[1:-1],
            json.dumps(one)[1:-1],
            json.dumps(one, ensure_ascii=False)[1:-1],
            " ".join(one.split()),
            base64.b64encode(raw).decode().rstrip("="),
        }
    return {form for form in forms if len(form) >= _SHORTEST}
