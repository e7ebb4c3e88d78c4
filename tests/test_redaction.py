"""Secrets: canaries in every setting and field, looked for in whatever is written."""

import base64
import json
import logging
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemline.errors import HemlineError, StoreError
from hemline.redaction import keep_secret, redact
from hemline.settings import Settings
from hemline.store.database.columns import Base
from hemline.store.database.engine import Store
from hemline.store.tables import channels, clicks, hosts, loop, review, second_looks, shadows

# Importing them puts their tables into Base.metadata.
FILLED_BY = (loop, review, channels, clicks, hosts, second_looks, shadows)
CANARY = "c4nary/ü\"x'+&%41 z"
ASCII_CANARY = "c4nary/x'+&%41z"
PLAIN = {
    "label_studio_api_key": ASCII_CANARY + "-a",
    "webhook_secret": ASCII_CANARY + "-b",
    "secret_key": CANARY + "-c",
    "basic_auth_pass": CANARY + "-d",
}
ADDRESSES = {
    "database_url": f"postgresql://u:{quote(CANARY + '-e', safe='')}@h/n",
    "redis_url": f"redis://:{quote(CANARY + '-f', safe='')}@h/0",
    "artifact_url": "s3://id:c4nary-of-storage-g@bucket/prefix",
    "otel_headers": f"authorization=Bearer%20{quote(ASCII_CANARY + '-h', safe='')}",
}


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {"home": tmp_path, "basic_auth_user": "user", **PLAIN, **ADDRESSES}
    )


def test_every_setting_that_is_secret_has_a_canary() -> None:
    secret = {name for name, field in Settings.model_fields.items() if not field.repr}
    assert secret == {*PLAIN, *ADDRESSES}
    for name in Settings.model_fields:
        assert name in secret or not any(word in name for word in ("pass", "secret", "_key"))


def _written(value: str) -> list[str]:
    return [
        value,
        repr(value),
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
        quote(value),
        quote(value, safe=""),
        f"at {value}: no",
        base64.b64encode(value.encode()).decode(),
    ]


@pytest.mark.parametrize("value", [*PLAIN.values(), CANARY + "-e", CANARY + "-f"])
def test_a_setting_is_hidden_however_it_is_written(value: str) -> None:
    for text in _written(value):
        shown = redact(f"before {text} after")
        assert "***" in shown
        assert "c4nary" not in shown
        assert value.rpartition("-")[0] not in shown
        assert shown.startswith("before ")
        assert shown.endswith(" after")


CLOUD = {  # what is set, and the secret in it
    "AWS_SECRET_ACCESS_KEY": ("c4nary+of/aws-secret",) * 2,
    "AWS_SESSION_TOKEN": ("c4nary-of-aws-session//==",) * 2,
    "AZURE_STORAGE_ACCOUNT_KEY": ("c4nary-of-azure==",) * 2,
    "AZURE_STORAGE_SAS_TOKEN": ("sv=1&se=c4nary-of-a-sas",) * 2,
    "AZURE_CLIENT_SECRET": ("c4nary-of-a-client",) * 2,
    "AZURE_STORAGE_CONNECTION_STRING": ("AccountName=a;AccountKey=c4nary-in-it;", "c4nary-in-it"),
    "OTEL_EXPORTER_OTLP_HEADERS": ("x-team=c4nary-of%20traces,b=c4nary-2", "c4nary-of traces"),
}


@pytest.mark.parametrize("name", CLOUD)
def test_credentials_that_only_libraries_read_are_hidden(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, secret = CLOUD[name]
    monkeypatch.setenv(name, whole)
    Settings(home=tmp_path)
    for text in (*_written(whole), *_written(secret)):
        shown = redact(f"signed with {text} today")
        assert "***" in shown
        assert "c4nary" not in shown


def test_the_header_of_basic_auth_is_hidden() -> None:
    header = base64.b64encode(f"user:{PLAIN['basic_auth_pass']}".encode()).decode()
    assert header.rstrip("=") not in redact(f"got {header}")


@pytest.mark.parametrize(
    "text",
    [
        "https://user:c4nary@host/x.jpg",
        "https://user:c4/nary@host/x.jpg",
        "https://user:c4n:ary@host",
        "https://c4nary@host/x",
        "//user:c4nary@host/x",
        "https:user:c4nary@host/x",
        "https:\\\\\\\\user:c4nary@host",
        "HTTPS://u:c4nary@HOST",
        "s3://id:c4nary@bucket",
        "redis://:c4nary@host:6379/0",
        "https://u:c4@nary@host/x",
        "https://u:c4nary#1@host",
        "https://u:c4nary?1@host",
        "https://u:c4nary 1@host",
        "https%3A%2F%2Fuser%3Ac4nary%40host%2Fx",
        "'https://user:c4nary@host/x.jpg'",
        "x.jpg?X-Amz-Signature=c4nary&x=1",
        "x.jpg?sig=c4nary",
        "x?token=c4nary",
        "x?access_token=c4nary",
        "?X-Amz-Security-Token=c4nary",
        "?X-Amz-Credential=c4nary",
        "?X-Goog-Signature=c4nary",
        "LABEL_STUDIO_API_KEY=c4nary",
        "password=c4nary",
        '{"password": "c4nary"}',
        "{'api_key': 'c4nary'}",
        "Authorization: Token c4nary",
        "'Authorization': 'Basic c4nary'",
        "authorization=Bearer c4nary",
        "Bearer c4nary0123456789c4nary",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c4nary+/==;EndpointSuffix=x",
        "BlobEndpoint=https://a.example;SharedAccessSignature=c4nary",
        "X-Api-Key: c4nary",
        "x-api-key:c4nary",
        "'x-amz-security-token': 'c4nary'",
        "x-amz-security-token: c4nary",
        "Cookie: sessionid=c4nary; csrftoken=c4nary",
        "Set-Cookie: sessionid=c4nary; Path=/; HttpOnly",
        'Cookie: a="c4nary"; b=c4nary',
        "{'Cookie': 'sessionid=c4nary', 'x': 1}",
        "password: c4nary",
        "Password: c4nary was refused",
        "user: ada, password: nary, host: h",
        "db_password: nary",
        "login=ada; pwd: nary;",
        "https://maps.example/x?key=c4nary",
        "https://maps.example/x?a=1&key=c4nary&b=2",
        "x?auth=c4nary",
        "x?pwd=c4nary",
        "Server=h;Uid=u;Pwd=c4nary;",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjNG5hcnkifQ.c4nary",
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden_whoever_it_belongs_to(text: str) -> None:
    shown = redact(f"photo {text}")
    assert "***" in shown
    assert not any(part in shown for part in ("c4nary", "c4", "nary", "eyJ"))
    assert "c4nary" not in str(HemlineError(text))
    assert "c4nary" not in repr(StoreError(text))


@pytest.mark.parametrize(
    "text",
    [
        "Label Studio at http://127.0.0.1:8080 cannot be reached",
        "https://host:8443/a@b/x.jpg",
        "http://[::1]:9090/x@y",
        "postgresql+psycopg://u:***@h/n",
        "annotation 7 is left out: polygon has 2 points",
        "user jane@example.com",
        "copy a new personal access token from Account & Settings",
        "BASIC_AUTH_USER is set and BASIC_AUTH_PASS is not",
        "token authentication is off",
        "artifact 0123456789abcdef0123456789abcdef01234567 is missing",
        "a password has at least 8 characters: type it again",
        "X-Hemline-Secret header",
        "wrong password: type it again",
        "password: 8 characters at least",
        "no cookie: log in again",
        "--set KEY=VALUE changes one key of the recipe",
        "monkey=5, primary_key=3",
        "the account key is wrong; set AZURE_STORAGE_ACCOUNT_KEY",
    ],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


_NAMES = ("key", "auth", "password", "cookie", "token", "secret", "pwd", "account key", "api key")
_WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäéß", min_size=1, max_size=9)


@given(
    st.lists(_WORDS, min_size=1, max_size=6),
    st.sampled_from(_NAMES),
    st.sampled_from((" ", ": ", ", ", "; ", "? ", " & ")),
    st.lists(_WORDS | st.integers(0, 999).map(str), min_size=2, max_size=6),
)
def test_ordinary_sentences_stay_as_they_are(
    before: list[str], name: str, mark: str, after: list[str]
) -> None:
    sentence = f"{' '.join(before)} {name}{mark}{' '.join(after)}."
    assert redact(sentence) == sentence


_PIECES = ("password", "Cookie", "X-Api-Key", "?key", "AccountKey", ": ", "=", ";", "'", '"', "a1")


@given(
    st.text()
    | st.text(alphabet="/:@%ab= \\?&\"'")
    | st.lists(st.sampled_from((*_PIECES, " ", ",", "\n", "b"))).map("".join)
)
def test_any_text_is_taken_and_what_is_hidden_stays_hidden(text: str) -> None:
    once = redact(text)
    assert isinstance(once, str)
    assert redact(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        *("://a:", "//", "a-", "eyJ", "token=", "Bearer ", "%3A%2F%2F", "@"),
        *("x-", "password:", "password: a", "cookie: a=", 'cookie:a="', "cookie:a;", "?key=", ";"),
    ],
)
def test_a_long_text_of_somebody_is_gone_through_in_its_length(piece: str) -> None:
    """Were a form's time not linear, this would not end within the suite's limit."""
    assert redact(piece * (200_000 // len(piece))) is not None


def test_a_common_word_is_not_hidden_everywhere() -> None:
    keep_secret(["garment"])
    assert redact("the garment is masked") == "the garment is masked"


_SPEAK = """
import logging, sys, threading
from hemline.settings import Settings
from {package}.logs import configure_logging
settings = Settings(label_studio_api_key={secret!r}, redis_url="redis://:c4nary-pw@h/0")
configure_logging("INFO")
log = logging.getLogger("test")
log.info("token %s", settings.label_studio_api_key)
log.warning("values %r", {{"url": settings.redis_url, "password": "c4nary"}})
try:
    raise ValueError("bad header " + settings.label_studio_api_key)
except ValueError:
    log.exception("failed")
def end(): raise RuntimeError("in a thread " + settings.redis_url)
thread = threading.Thread(target=end); thread.start(); thread.join()
raise RuntimeError("uncaught " + settings.label_studio_api_key)
"""


@pytest.mark.parametrize("package", ["backend", "worker"])
def test_no_log_line_and_no_stack_trace_has_a_secret(package: str) -> None:
    secret = PLAIN["label_studio_api_key"]
    ended = subprocess.run(
        [sys.executable, "-c", _SPEAK.format(package=package, secret=secret)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    for word in ("token", "values", "bad header", "in a thread", "uncaught"):
        assert word in ended.stderr
    assert "c4nary" not in ended.stdout
    # Python shows the source's lines, of which the second names the password of this test.
    assert "c4nary" not in ended.stderr


def test_every_stored_problem_is_without_secrets(tmp_path: Path) -> None:
    columns = [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if "problem" in column.name
    ]
    assert len(columns) >= 6
    dialect = Store(f"sqlite:///{tmp_path / 'x.db'}")._engine.dialect
    for column in columns:
        store = column.type.bind_processor(dialect)
        read = column.type.result_processor(dialect, None)
        assert store is not None, column
        assert read is not None, column
        text = "left out: https://u:c4nary@host/x.jpg"
        assert store(text) == read(text) == "left out: https://***@host/x.jpg", column


def test_a_record_of_another_library_is_hidden_too(caplog: pytest.LogCaptureFixture) -> None:
    from hemline.logs import RedactingFormatter

    record = logging.LogRecord(
        "kombu", 30, "", 1, "Cannot connect to %s", (ADDRESSES["redis_url"],), None
    )
    assert "c4nary" not in RedactingFormatter(logging.Formatter("%(message)s")).format(record)


def test_log_lines_hold_no_control_characters() -> None:
    from hemline.logs import RedactingFormatter

    record = logging.makeLogRecord({"msg": "task %s", "args": ("\x1b[2J\ud800",)})
    line = RedactingFormatter(logging.Formatter("%(message)s")).format(record)
    assert line == "task \ufffd[2J\ufffd"
